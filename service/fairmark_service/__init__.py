"""The grading service: protocols in front, one engine behind them."""
