"""VMware vSphere through the web services API: https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/"""

from mistserver.providers.vsphere.provider import Vsphere

__all__ = ["Vsphere"]
