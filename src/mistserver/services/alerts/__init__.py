"""Alerts: judging rules, telling channels and doing what rules say."""
