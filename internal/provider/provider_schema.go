package provider

import (
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Images that a host pulls when nothing else is configured.
const (
	defaultProbeImage   = "busybox:1"
	defaultGatewayImage = "haproxy:3-alpine"
)

// Environment variables that stand in for attributes, for hosts that mirror
// these images.
const (
	envProbeImage   = "MLOPS_PROBE_IMAGE"
	envGatewayImage = "MLOPS_GATEWAY_IMAGE"
)

// Orchestrators.
const (
	orchestratorDocker = "docker"
	orchestratorSwarm  = "swarm"
)

var (
	namePrefixRE = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,31})?$`)
	networkRE    = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$`)
	ownerRE      = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/@:-]{0,126}[A-Za-z0-9])?$`)
)

func providerSchema() schema.Schema {
	attributes := connectionAttributes()
	for name, attribute := range deploymentDefaultAttributes() {
		attributes[name] = attribute
	}
	return schema.Schema{
		MarkdownDescription: "Deploys, updates and scales machine-learning models on Docker hosts. " +
			"It needs nothing on the host but a Docker engine (19.03 or newer).\n\n" +
			"Which engine, the first of these that is set: `host`, `context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the Docker CLI's current context, " +
			"the default socket, the sockets of Docker Desktop, Colima, OrbStack, Rancher Desktop and rootless Docker. " +
			"The choice and its reason are part of every connection error.\n\n" +
			"Values that are known only after an apply (a host that another resource makes) are allowed: until they are known, plans are made " +
			"without asking the engine, and resources keep their state. A data source then needs a `depends_on` on the resource that makes the host, " +
			"unless it refers to something that is about to change: Terraform reads it in the apply.",
		Attributes: attributes,
	}
}

// connectionAttributes say which engine, and how to reach it.
func connectionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"host": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Address of the engine: `unix:///path`, `tcp://host:port` (with `tls`), `ssh://user@host` or `npipe://…`. " +
				"Not together with `context`. Without both, see the order above.",
			Validators: []validator.String{stringIs{isPrintable}},
		},
		"context": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Name of a Docker context, as `docker context ls` shows it. Its TLS material is used.",
			Validators:          []validator.String{stringIs{isPrintable}},
		},
		"tls": tlsAttribute(),
		"ssh": sshAttribute(),
		"allow_plain_tcp": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Permits a `tcp://` address off this machine without `tls`. Whoever reaches such a port is root on the engine's machine. " +
				"Default `false`: such an address is an error.",
		},
		"connect_timeout": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long the engine may take to accept a connection and to answer the first call: a duration such as `30s`. Default `10s`.",
			Validators:          []validator.String{stringIs{durationAtLeast(time.Second)}},
		},
		"orchestrator": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What runs the replicas: `docker` (default), this one engine. `swarm` is not supported yet and is an error.",
			Validators:          []validator.String{stringIs{oneOf([]string{orchestratorDocker, orchestratorSwarm}), isNotSwarm}},
		},
		"registry_auth": registryAuthAttribute(),
	}
}

func tlsAttribute() schema.Attribute {
	const pathOrPEM = "A path, or the PEM text itself."
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "TLS material for a `tcp://` address. It replaces that of a context or of `DOCKER_CERT_PATH`. " +
			"The engine's certificate is always verified.",
		Attributes: map[string]schema.Attribute{
			"ca": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Certificate authority that signed the engine's certificate. Default: the system's authorities. " + pathOrPEM,
			},
			"cert": schema.StringAttribute{Optional: true, MarkdownDescription: "Client certificate; needs `key`. " + pathOrPEM},
			"key": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Private key of the client certificate, without a passphrase; needs `cert`. " + pathOrPEM,
			},
		},
	}
}

func sshAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Settings for an `ssh://` address. The machine's own `ssh` does the work, so its configuration file and agent count too; " +
			"host keys must be known. The remote machine needs the Docker CLI.",
		Attributes: map[string]schema.Attribute{
			"user": schema.StringAttribute{Optional: true, MarkdownDescription: "User on the remote machine, unless the address has one."},
			"port": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "Port of the remote ssh server, unless the address has one.",
				Validators: []validator.Int64{int64validator.Between(1, 65535)},
			},
			"identity_file":    schema.StringAttribute{Optional: true, MarkdownDescription: "Path of a private key. The agent's other keys are then not offered."},
			"known_hosts_file": schema.StringAttribute{Optional: true, MarkdownDescription: "Path of a file of known host keys, instead of the user's own."},
			"options": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Further `-o` options of `ssh`, each `Key=Value`. They win over everything else here.",
			},
		},
	}
}

func registryAuthAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Credentials for pulling images, by registry: `registry.example.com`, `docker.io`. " +
			"For other registries the Docker CLI's configuration and its credential helpers are asked.",
		NestedObject: schema.NestedAttributeObject{
			Validators: []validator.Object{credential{}},
			Attributes: map[string]schema.Attribute{
				"username":       schema.StringAttribute{Optional: true, MarkdownDescription: "User name; needs `password`."},
				"password":       schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Password or access token; needs `username`."},
				"identity_token": schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Identity token, instead of `username` and `password`."},
			},
		},
	}
}

// deploymentDefaultAttributes say what holds for everything the provider makes.
func deploymentDefaultAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"owner": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Who owns what this configuration makes; it is recorded on the engine. Another owner's deployments are never touched. " +
				"Give every configuration that shares an engine its own. Default `terraform`.",
			Validators: []validator.String{stringIs{matches(ownerRE,
				"is not an owner: 1 to 128 letters, digits and ._/@:- that begin and end with a letter or digit")}},
		},
		"name_prefix": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "What deployment names made from a `detection_task` begin with, and the default filter of the data source `mlops_deployments`. " +
				"Default `pyt-`.",
			Validators: []validator.String{stringIs{matches(namePrefixRE,
				"is not a name prefix: at most 32 lower-case letters, digits and hyphens that begin with a letter or digit")}},
		},
		"network": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Name of the bridge network that every replica lives on. The provider makes it, and removes it with the last replica. " +
				"Default `mlops`.",
			Validators: []validator.String{stringIs{
				matches(networkRE, "is not a network name: at most 63 letters, digits and _.- that begin with a letter or digit"), isNotBuiltIn,
			}},
		},
		"default_labels": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Labels for every new container. A deployment's own `labels` win. " +
				"Changing them touches no container that runs. Keys that begin with `mlops.` are reserved.",
			Validators: []validator.Map{elements{keys: []check{isLabelKey}}},
		},
		"probe_image": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Image of the helper container that checks readiness from inside the network: BusyBox, or another with `sh`, `cat` and `nc`. " +
				"Default: `" + envProbeImage + "`, else `" + defaultProbeImage + "`.",
			Validators: []validator.String{stringIs{isImage}},
		},
		"gateway_image": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Image of the gateways of endpoints: HAProxy 2.6 or newer, with `sh` and `nc`. Changing it makes new gateways, with the next apply of each endpoint; where one has a port of the host, nothing answers meanwhile, and the plan warns of that. " +
				"Where it was pulled, a gateway is made of its digest: another image under the same tag is taken with the next gateway, and interrupts none. " +
				"Default: `" + envGatewayImage + "`, else `" + defaultGatewayImage + "`.",
			Validators: []validator.String{stringIs{isImage}},
		},
	}
}
