package provider

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
)

// providerConfig is the provider's configuration. Every value may be unknown.
type providerConfig struct {
	Host           types.String `tfsdk:"host"`
	Context        types.String `tfsdk:"context"`
	TLS            types.Object `tfsdk:"tls"`
	SSH            types.Object `tfsdk:"ssh"`
	AllowPlainTCP  types.Bool   `tfsdk:"allow_plain_tcp"`
	ConnectTimeout types.String `tfsdk:"connect_timeout"`
	Orchestrator   types.String `tfsdk:"orchestrator"`
	RegistryAuth   types.Map    `tfsdk:"registry_auth"`

	Owner         types.String `tfsdk:"owner"`
	NamePrefix    types.String `tfsdk:"name_prefix"`
	Network       types.String `tfsdk:"network"`
	DefaultLabels types.Map    `tfsdk:"default_labels"`
	ProbeImage    types.String `tfsdk:"probe_image"`
	GatewayImage  types.String `tfsdk:"gateway_image"`
}

// objectOptions are for objects whose attributes can hold null and unknown
// themselves.
var objectOptions = basetypes.ObjectAsOptions{}

type tlsConfig struct {
	CA   types.String `tfsdk:"ca"`
	Cert types.String `tfsdk:"cert"`
	Key  types.String `tfsdk:"key"`
}

type sshConfig struct {
	User           types.String   `tfsdk:"user"`
	Port           types.Int64    `tfsdk:"port"`
	IdentityFile   types.String   `tfsdk:"identity_file"`
	KnownHostsFile types.String   `tfsdk:"known_hosts_file"`
	Options        []types.String `tfsdk:"options"`
}

type credentialConfig struct {
	Username      types.String `tfsdk:"username"`
	Password      types.String `tfsdk:"password"`
	IdentityToken types.String `tfsdk:"identity_token"`
}

func readConfig(ctx context.Context, from tfsdk.Config) (providerConfig, diag.Diagnostics) {
	var cfg providerConfig
	diags := from.Get(ctx, &cfg)
	return cfg, diags
}

// known is whether everything is known that says which engine to ask and what
// on it is ours. Credentials, labels and images are needed only for changes.
func (c providerConfig) known() bool {
	return fullyKnown(c.Host, c.Context, c.TLS, c.SSH, c.AllowPlainTCP, c.ConnectTimeout, c.Orchestrator,
		c.Owner, c.NamePrefix, c.Network)
}

// fullyKnown is whether no value, and nothing inside one, is unknown.
func fullyKnown(values ...attr.Value) bool {
	for _, v := range values {
		raw, err := v.ToTerraformValue(context.Background())
		if err != nil || !raw.IsFullyKnown() {
			return false
		}
	}
	return true
}

func (c providerConfig) runtime() *runtime {
	return &runtime{
		Owner:         stringOr(c.Owner, deployment.DefaultOwner),
		NamePrefix:    stringOr(c.NamePrefix, deployment.DefaultNamePrefix),
		DefaultLabels: c.defaultLabels(),
		Unknown:       !c.known(),
	}
}

// defaultLabels leaves out what is not known yet: labels go onto new
// containers only, and those are made when everything is known.
func (c providerConfig) defaultLabels() map[string]string {
	labels := make(map[string]string, len(c.DefaultLabels.Elements()))
	for key, value := range c.DefaultLabels.Elements() {
		if text, ok := value.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			labels[key] = text.ValueString()
		}
	}
	return labels
}

// dockerOptions needs a configuration that is known.
func (c providerConfig) dockerOptions(ctx context.Context) (docker.Options, diag.Diagnostics) {
	var diags diag.Diagnostics
	opts := docker.Options{
		Host: c.Host.ValueString(), Context: c.Context.ValueString(), AllowPlainTCP: c.AllowPlainTCP.ValueBool(),
	}
	if !c.ConnectTimeout.IsNull() {
		opts.ConnectTimeout, _ = time.ParseDuration(c.ConnectTimeout.ValueString()) // validated
	}
	if !c.TLS.IsNull() {
		var tls tlsConfig
		diags.Append(c.TLS.As(ctx, &tls, objectOptions)...)
		opts.TLS = &docker.TLS{CA: tls.CA.ValueString(), Cert: tls.Cert.ValueString(), Key: tls.Key.ValueString()}
	}
	if !c.SSH.IsNull() {
		var ssh sshConfig
		diags.Append(c.SSH.As(ctx, &ssh, objectOptions)...)
		opts.SSH = ssh.options()
	}
	auth, authDiags := c.registryAuth(ctx)
	diags.Append(authDiags...)
	opts.RegistryAuth = auth
	return opts, diags
}

func (s sshConfig) options() *docker.SSH {
	result := &docker.SSH{
		User: s.User.ValueString(), Port: int(s.Port.ValueInt64()),
		IdentityFile: s.IdentityFile.ValueString(), KnownHostsFile: s.KnownHostsFile.ValueString(),
	}
	for _, option := range s.Options {
		result.Options = append(result.Options, option.ValueString())
	}
	return result
}

// registryAuth leaves out credentials that are not known yet: a plan pulls
// nothing.
func (c providerConfig) registryAuth(ctx context.Context) (map[string]docker.RegistryAuth, diag.Diagnostics) {
	var diags diag.Diagnostics
	auth := make(map[string]docker.RegistryAuth, len(c.RegistryAuth.Elements()))
	for registry, value := range c.RegistryAuth.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsNull() || !fullyKnown(object) {
			continue
		}
		var entry credentialConfig
		diags.Append(object.As(ctx, &entry, objectOptions)...)
		auth[registry] = docker.RegistryAuth{
			Username: entry.Username.ValueString(), Password: entry.Password.ValueString(),
			IdentityToken: entry.IdentityToken.ValueString(),
		}
	}
	return auth, diags
}

// engineConfig is what deployments and endpoints on an engine need to know.
type engineConfig struct {
	container.Config
	GatewayImage string
}

func (c providerConfig) engineConfig(version string) engineConfig {
	hostname, _ := os.Hostname() // only for the eyes of whoever waits for this run
	return engineConfig{
		Config: container.Config{
			Network:    stringOr(c.Network, deployment.DefaultNetwork),
			ProbeImage: stringOr(c.ProbeImage, cmp.Or(os.Getenv(envProbeImage), defaultProbeImage)),
			Version:    version,
			Hostname:   hostname,
		},
		GatewayImage: stringOr(c.GatewayImage, cmp.Or(os.Getenv(envGatewayImage), defaultGatewayImage)),
	}
}

// stringOr is the value of s, or fallback when it has none (yet).
func stringOr(s types.String, fallback string) string {
	if given(s) {
		return s.ValueString()
	}
	return fallback
}

// given is whether s has a value that is known.
func given(s types.String) bool { return !s.IsNull() && !s.IsUnknown() }
