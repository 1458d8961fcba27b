"""Oracle Cloud Infrastructure: https://docs.oracle.com/en-us/iaas/api/"""

from mistserver.providers.oci.provider import Oci

__all__ = ["Oci"]
