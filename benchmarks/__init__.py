"""Each claim about speed and size as a measurement beside its floor or a peer, in the same run."""
