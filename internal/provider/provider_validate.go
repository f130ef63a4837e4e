package provider

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// ValidateConfig checks what concerns several attributes. It opens no file and
// asks no engine, so that a configuration can be validated anywhere.
func (p *mlopsProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	cfg, diags := readConfig(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !cfg.Host.IsNull() && !cfg.Context.IsNull() {
		resp.Diagnostics.Append(invalid(path.Root("context"),
			"host and context are two ways to say which engine. Keep one of them."))
		return
	}
	resp.Diagnostics.Append(cfg.validateTLS(ctx)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(cfg.validateHost(ctx)...)
	}
	resp.Diagnostics.Append(validateImageEnvironment(cfg)...)
}

// validateTLS refuses half a client certificate.
func (c providerConfig) validateTLS(ctx context.Context) diag.Diagnostics {
	if c.TLS.IsNull() || c.TLS.IsUnknown() {
		return nil
	}
	var tls tlsConfig
	diags := c.TLS.As(ctx, &tls, objectOptions)
	switch {
	case !tls.Cert.IsNull() && tls.Key.IsNull():
		diags.Append(invalid(path.Root("tls").AtName("cert"),
			"tls.cert cannot be used without its private key. Set tls.key."))
	case !tls.Key.IsNull() && tls.Cert.IsNull():
		diags.Append(invalid(path.Root("tls").AtName("key"),
			"tls.key cannot be used without its certificate. Set tls.cert."))
	}
	return diags
}

// validateHost judges the address alone: what lies in files and in the
// environment is left to Configure.
func (c providerConfig) validateHost(ctx context.Context) diag.Diagnostics {
	if c.Host.IsNull() || !fullyKnown(c.Host, c.SSH, c.AllowPlainTCP) {
		return nil
	}
	opts := docker.Options{
		Host: c.Host.ValueString(),
		// Nothing plain about an address that gets TLS material.
		AllowPlainTCP: c.AllowPlainTCP.ValueBool() || !c.TLS.IsNull(),
	}
	var diags diag.Diagnostics
	if !c.SSH.IsNull() {
		var ssh sshConfig
		diags.Append(c.SSH.As(ctx, &ssh, objectOptions)...)
		opts.SSH = ssh.options()
		opts.SSH.IdentityFile, opts.SSH.KnownHostsFile = "", ""
	}
	if _, err := docker.Resolve(opts); err != nil {
		diags.Append(cannotConnect(err))
	}
	return diags
}

// validateImageEnvironment checks the variables that stand in for attributes.
func validateImageEnvironment(c providerConfig) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, image := range []struct {
		attribute, variable string
		set                 bool
	}{
		{"probe_image", envProbeImage, !c.ProbeImage.IsNull()},
		{"gateway_image", envGatewayImage, !c.GatewayImage.IsNull()},
	} {
		value := os.Getenv(image.variable)
		if image.set || value == "" {
			continue
		}
		if err := isImage(value); err != nil {
			diags.Append(invalid(path.Root(image.attribute),
				"%q, from the environment variable %s, %s.", value, image.variable, err))
		}
	}
	return diags
}

// cannotConnect is the one diagnostic of a provider that has no engine. An
// option that is to blame is an attribute, or an environment variable or file
// that the text names.
func cannotConnect(err error) diag.Diagnostic {
	var option *docker.OptionError
	if errors.As(err, &option) {
		if at, ok := attributePath(option.Option); ok && isProviderAttribute(at) {
			return invalid(at, "%s", fullStop(option.Error()))
		}
	}
	return failed("Unable to connect to the Docker engine", sentence(err.Error()))
}

// isProviderAttribute is whether the first step of at is an attribute of the
// provider, and not the name of an environment variable.
func isProviderAttribute(at path.Path) bool {
	first, _ := at.Steps().NextStep()
	_, ok := providerSchema().Attributes[fmt.Sprint(first)]
	return ok
}
