"""KubeVirt through the Kubernetes API: https://kubevirt.io/api-reference/"""

from mistserver.providers.kubevirt.provider import KubeVirt

__all__ = ["KubeVirt"]
