"""Telling receivers outside: email, webhooks and chats, each by a URL."""
