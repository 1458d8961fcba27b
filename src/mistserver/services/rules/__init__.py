"""Rules on the metrics of machines."""
