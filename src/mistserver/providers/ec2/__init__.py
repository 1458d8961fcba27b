"""Amazon EC2 and what speaks its API."""

from mistserver.providers.ec2.provider import Ec2

__all__ = ["Ec2"]
