"""Microsoft Azure through its Resource Manager."""

from mistserver.providers.azure_arm.provider import AzureArm

__all__ = ["AzureArm"]
