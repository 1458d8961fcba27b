# SPDX-License-Identifier: Apache-2.0
"""What the providers of this version take: type, whether it is secret, and what it is. Made by `make docs`."""

from __future__ import annotations

SETTINGS: dict[str, tuple[str, bool, str]] = {
    "access_key_id": ("str", False, "AccessKey ID [Alibaba Cloud]."),
    "access_key_secret": ("str", True, "AccessKey secret [Alibaba Cloud]."),
    "api_key": (
        "str",
        True,
        "Access key ID [EC2]; Personal access token [Linode]; API key [Rackspace, SoftLayer, Vultr, Exoscale, "
        "CloudStack].",
    ),
    "api_secret": ("str", True, "Secret access key [EC2]; API secret [Exoscale]."),
    "application_credential_id": ("str", False, "ID of an application credential, instead of a password [OpenStack]."),
    "application_credential_name": ("str", False, "Name of an application credential of the user [OpenStack]."),
    "application_credential_secret": ("str", True, "Secret of the application credential [OpenStack]."),
    "application_key": ("str", False, "Application key [OVHcloud]."),
    "application_secret": ("str", True, "Application secret [OVHcloud]."),
    "auth_password": ("str", True, "Password for basic authentication [Docker]."),
    "auth_url": ("str", False, "URL of the identity service (http://host:5000) [OpenStack]."),
    "auth_user": ("str", False, "User for basic authentication [Docker]."),
    "ca_file": (
        "path",
        False,
        "Certificate authority of the Docker host (PEM); default: the system's: path of the file [Docker].",
    ),
    "cert_file": (
        "path",
        False,
        "Certificate of the TLS client (PEM): path of the file [Docker]; Certificate of the client (PEM): path of the "
        "file [LXD, KubeVirt].",
    ),
    "certificate": ("path", False, "Management certificate with its private key (PEM): path of the file [Azure]."),
    "client_id": ("str", False, "Application (client) ID [Azure Resource Manager]."),
    "client_secret": ("str", True, "Client secret [Azure Resource Manager]."),
    "cloud": ("str", False, "Name of the entry in clouds.yaml [OpenStack]."),
    "clouds_yaml": ("path", False, "File clouds.yaml with all of this: path of the file [OpenStack]."),
    "compartment_id": ("str", False, "OCID of the compartment, if it is not the root [Oracle Cloud]."),
    "compute_endpoint": (
        "str",
        False,
        "URL of the compute service, where the catalogue's is not reachable [OpenStack].",
    ),
    "consumer_key": ("str", True, "Consumer key [OVHcloud]."),
    "docker_host": ("str", False, "Address of the Docker host, the path of its socket, or ssh://user@host [Docker]."),
    "docker_port": ("int", False, "Port of the Docker API (default 4243) [Docker]."),
    "email": ("str", False, "Email address of the service account; not needed with JSON [Google Compute Engine]."),
    "fingerprint": (
        "str",
        False,
        "Fingerprint of the API key [Oracle Cloud]; SHA-256 of the server's certificate, where no authority signed it "
        "[VMware vSphere, LXD]; SHA-256 of the node's certificate, where no authority signed it [Proxmox VE].",
    ),
    "host": (
        "str",
        False,
        "Host of the vCloud API [VMware vCloud]; Address of the vCenter [VMware vSphere]; Address of a node of the "
        "cluster [Proxmox VE]; Address of the server, or the path of its socket [LXD]; Address of the Kubernetes API, "
        "without a kubeconfig [KubeVirt].",
    ),
    "image_server": (
        "str",
        False,
        "Image server (simplestreams); default: the vendor's own; none: no other images [LXD].",
    ),
    "interface": (
        "str",
        False,
        "Which of the catalogue's addresses: public, internal or admin (default public) [OpenStack].",
    ),
    "key_file": (
        "path",
        False,
        "Private key of the TLS client (PEM): path of the file [Docker]; Private key of the client (PEM): path of the "
        "file [LXD, KubeVirt].",
    ),
    "kubeconfig": ("path", False, "A kubeconfig (YAML): path of the file [KubeVirt]."),
    "machine_hostname": (
        "str",
        False,
        "Address of the hypervisor; localhost or a socket's path for the host of the service [KVM (via libvirt)].",
    ),
    "machine_ip": ("str", False, "Address or name of the server [Other Server]."),
    "machine_key": (
        "str",
        False,
        "Name of the key that opens the server; default: the default key [Other Server]; Name of the key that opens "
        "the hypervisor over SSH; without one libvirt's TCP port is used [KVM (via libvirt)].",
    ),
    "machine_port": ("int", False, "Port of the SSH server (default 22) [Other Server]."),
    "machine_user": (
        "str",
        False,
        "User to sign in as (default root) [Other Server]; User on the hypervisor (default root) [KVM (via libvirt)].",
    ),
    "namespace": ("str", False, "The only namespace to use; default: all of them [KubeVirt]."),
    "organization": ("str", False, "Organization [VMware vCloud, Indonesian Cloud]."),
    "passphrase": ("str", True, "Passphrase of the private key, if it has one [Oracle Cloud]."),
    "password": (
        "str",
        True,
        "Password [NephoScale, OpenStack, HP Helion Cloud, VMware vCloud, Indonesian Cloud, VMware vSphere]; Password "
        "of the user [UpCloud, Proxmox VE].",
    ),
    "port": (
        "int",
        False,
        "Port of the API (default 443) [VMware vSphere]; Port of the API (default 8006) [Proxmox VE]; Port of its API "
        "(default 8443) [LXD]; Port of the Kubernetes API (default 6443) [KubeVirt].",
    ),
    "private_key": (
        "path",
        False,
        "Private key of the service account (PEM), or its JSON, or application-default credentials (JSON): path of the"
        " file [Google Compute Engine]; Private key of the API key (PEM): path of the file [Oracle Cloud].",
    ),
    "project": ("str", False, "Project (default default) [LXD]."),
    "project_domain_id": ("str", False, "ID of the tenant's domain, instead of its name [OpenStack]."),
    "project_domain_name": ("str", False, "Domain of the tenant; the default one if left out [OpenStack]."),
    "project_id": (
        "str",
        False,
        "Project ID; not needed with JSON that names it [Google Compute Engine]; Project ID [Scaleway]; Public Cloud "
        "project ID [OVHcloud].",
    ),
    "region_name": ("str", False, "Region, as clouds.yaml calls it; --region has precedence [OpenStack]."),
    "resource_group": (
        "str",
        False,
        "Resource group, when only machines in this one are meant [Azure Resource Manager].",
    ),
    "secret_key": ("str", True, "Secret key of an API key [Scaleway]; Secret key [CloudStack]."),
    "socket": (
        "str",
        False,
        "Path of libvirt's socket on the hypervisor, where it is not the usual one [KVM (via libvirt)].",
    ),
    "ssh_key": ("str", False, "Name of the key for ssh://user@host [Docker]."),
    "ssh_port": ("int", False, "Port of the hypervisor's SSH server (default 22) [KVM (via libvirt)]."),
    "subscription_id": ("str", False, "Subscription ID [Azure, Azure Resource Manager]."),
    "tcp_port": ("int", False, "Port of libvirt without a key (default 16509) [KVM (via libvirt)]."),
    "tenancy": ("str", False, "OCID of the tenancy [Oracle Cloud]."),
    "tenant_id": (
        "str",
        False,
        "ID of the tenant (project), instead of its name [OpenStack]; Tenant (directory) ID [Azure Resource Manager].",
    ),
    "tenant_name": ("str", False, "Name of the tenant (project) [OpenStack]; Name of the tenant [HP Helion Cloud]."),
    "token": (
        "str",
        True,
        "Personal access token [DigitalOcean]; API token of the project [Hetzner Cloud]; API token [UpCloud]; Trust "
        "token (or trust password) that makes the certificate known [LXD]; Token of a service account [KubeVirt].",
    ),
    "token_id": ("str", False, "API token: user@realm!name [Proxmox VE]."),
    "token_secret": ("str", True, "Secret of the API token [Proxmox VE]."),
    "url": ("str", False, "URL of the API (https://host/client/api) [CloudStack]."),
    "user": ("str", False, "OCID of the user [Oracle Cloud]."),
    "user_domain_id": ("str", False, "ID of the user's domain, instead of its name [OpenStack]."),
    "user_domain_name": ("str", False, "Domain of the user; the default one if left out [OpenStack]."),
    "username": (
        "str",
        False,
        "User name [NephoScale, OpenStack, Rackspace, HP Helion Cloud, VMware vCloud, Indonesian Cloud]; User name (or"
        " apikey, for an IBM Cloud API key) [SoftLayer]; User name, where there is no token [UpCloud]; User: "
        "name@domain [VMware vSphere]; User: name@realm [Proxmox VE].",
    ),
    "virt_type": (
        "str",
        False,
        "How guests are run: kvm, qemu (emulated), or auto: kvm where it starts (default auto) [KVM (via libvirt)].",
    ),
}
