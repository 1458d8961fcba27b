"""Clouds of OpenStack's protocols: Keystone for identity, Nova, Glance and Neutron behind its catalogue."""
