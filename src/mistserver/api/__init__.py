"""REST, WebSocket and server-sent events. Thin: parse, call one service, answer."""
