"""collectd on a machine: an instance of Mist's own, beside any that is there already."""
