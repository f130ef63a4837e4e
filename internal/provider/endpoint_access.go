package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// Who may ask an endpoint, and how. Secrets are known in the configuration
// alone: plan and state have the names and versions of them.

// authModel is the attribute auth.
type authModel struct {
	Keys types.Map `tfsdk:"keys"`
}

type keyModel struct {
	KeyWO        types.String `tfsdk:"key_wo"` // known in the configuration alone
	KeyWOVersion types.String `tfsdk:"key_wo_version"`
}

var (
	keyType  = types.ObjectType{AttrTypes: map[string]attr.Type{"key_wo": types.StringType, "key_wo_version": types.StringType}}
	authType = types.ObjectType{AttrTypes: map[string]attr.Type{"keys": types.MapType{ElemType: keyType}}}
)

var (
	isAPIKeyName = check(func(v string) error {
		if !endpoint.ValidKeyName(v) {
			return errors.New("is not a name: up to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit")
		}
		return nil
	})
	isAPIKey = check(func(v string) error {
		if !endpoint.ValidKey(v) {
			return errors.New("is not a key: 20 to 512 printable ASCII characters without spaces")
		}
		return nil
	})
)

// secretIs applies checks to a string that no text may show.
type secretIs []check

// Description implements validator.Describer.
func (secretIs) Description(ctx context.Context) string { return documented{}.Description(ctx) }

// MarkdownDescription implements validator.Describer.
func (secretIs) MarkdownDescription(ctx context.Context) string { return documented{}.Description(ctx) }

// ValidateString implements validator.String.
func (v secretIs) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	resp.Diagnostics.Append(judge(req.Path, req.ConfigValue, v, true)...)
}

// endpointTLSModel is the attribute tls.
type endpointTLSModel struct {
	Certificate         types.String `tfsdk:"certificate"`
	PrivateKeyWO        types.String `tfsdk:"private_key_wo"` // known in the configuration alone
	PrivateKeyWOVersion types.String `tfsdk:"private_key_wo_version"`
	MinVersion          types.String `tfsdk:"min_version"`
	RedirectPort        types.Int64  `tfsdk:"redirect_port"`
}

var endpointTLSType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"certificate": types.StringType, "private_key_wo": types.StringType, "private_key_wo_version": types.StringType,
	"min_version": types.StringType, "redirect_port": types.Int64Type,
}}

func endpointTLSAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("With what the endpoint speaks TLS, in place of plain HTTP: HTTP/1.1 on `host_port`, and on port "+fmt.Sprint(endpoint.Port)+" of the edge network. "+
			"Default: none.", changesCertificate),
		Attributes: map[string]schema.Attribute{
			"certificate": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: describe("The certificate in PEM form, followed by those that vouch for it, the root not included.", changesCertificate),
			},
			"private_key_wo": schema.StringAttribute{
				Required: true, WriteOnly: true, Sensitive: true,
				MarkdownDescription: describe("Its private key in PEM form, without a password, write-only: neither plan nor state has it, nor has any record on the engine; the gateway's own file system has it, and nobody but the proxy may read it there. "+
					"Use an ephemeral value, or it stands in the saved plan as part of the configuration. Needs Terraform 1.11 or OpenTofu 1.11.", changesCertificate),
			},
			"private_key_wo_version": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: describe("Any text that changes with `private_key_wo`, such as a number or a date. A new key has a new certificate, whose change is seen without it. Default: none.", changesCertificate),
			},
			"min_version": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(endpoint.DefaultMinTLSVersion)),
				MarkdownDescription: describe("The oldest version of TLS that a client may speak: "+quoted(endpoint.MinTLSVersions)+". Default `"+string(endpoint.DefaultMinTLSVersion)+"`.", changesCertificate),
				Validators:          []validator.String{stringIs{oneOf(endpoint.MinTLSVersions)}},
			},
			"redirect_port": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: describe("Port of the host, at `host_ip`, where plain HTTP is answered with a redirect (308) to the same address at `host_port`. Needs `host_port`. Default: none.", changesGateway),
				Validators:          []validator.Int64{between{least: 1, most: 65535}},
			},
		},
	}
}

// endpointTLSToSpec takes the private key from the configuration, where that is given.
func endpointTLSToSpec(plan, config types.Object) *endpoint.TLS {
	m, ok := group[endpointTLSModel](plan)
	if !ok {
		return nil
	}
	secrets, _ := group[endpointTLSModel](config)
	return &endpoint.TLS{
		Certificate: m.Certificate.ValueString(), PrivateKey: secrets.PrivateKeyWO.ValueString(), KeyVersion: m.PrivateKeyWOVersion.ValueString(),
		MinVersion: endpoint.MinTLSVersion(m.MinVersion.ValueString()), RedirectPort: int(m.RedirectPort.ValueInt64()),
	}
}

// endpointTLSOf is the attribute, without the private key, of what was read.
func endpointTLSOf(t *endpoint.TLS) types.Object {
	if t == nil {
		return types.ObjectNull(endpointTLSType.AttrTypes)
	}
	return types.ObjectValueMust(endpointTLSType.AttrTypes, encode(endpointTLSModel{
		Certificate: types.StringValue(t.Certificate), PrivateKeyWO: types.StringNull(), PrivateKeyWOVersion: optionalString(t.KeyVersion),
		MinVersion: types.StringValue(string(cmp.Or(t.MinVersion, endpoint.DefaultMinTLSVersion))), RedirectPort: optionalInt(t.RedirectPort),
	}))
}

// checkableTLS is what can be said of it before all is known.
func checkableTLS(config types.Object) *endpoint.TLS {
	m, ok := group[endpointTLSModel](config)
	if !ok || !isSet(m.Certificate) {
		return nil
	}
	t := endpointTLSToSpec(config, config)
	if !slices.Contains(endpoint.MinTLSVersions, t.MinVersion) { // the attribute's own validator says that
		t.MinVersion = ""
	}
	if !isPort(t.RedirectPort) {
		t.RedirectPort = 0
	}
	return t
}

func authAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: describe("Who may ask. A request carries a key, as `Authorization: Bearer <key>` or as `X-API-Key: <key>`; one without a valid key is answered with 401. "+
			"The gateway knows keys by their SHA-256 alone, compares those, and takes a valid key out of the request before a deployment sees it. Without `tls`, keys cross the network in the clear. "+
			"Default: none; whoever reaches the endpoint may ask.", changesTraffic),
		Attributes: map[string]schema.Attribute{
			"keys": schema.MapNestedAttribute{
				Required: true,
				MarkdownDescription: describe("The keys, each by the name of whoever has it: lower-case letters, digits and hyphens. A key that is added or taken away is so within a second, in every connection, "+
					"without a reload of the gateway.", changesTraffic),
				Validators: []validator.Map{notEmpty{}, elements{keys: []check{isAPIKeyName}}},
				NestedObject: schema.NestedAttributeObject{
					Validators: []validator.Object{needs{attributes: []string{"key_wo"}}},
					Attributes: map[string]schema.Attribute{
						"key_wo": schema.StringAttribute{
							Optional: true, WriteOnly: true, Sensitive: true,
							MarkdownDescription: describe("The key, write-only: 20 to 512 printable ASCII characters without spaces, at random (`openssl rand -hex 32`). Neither plan nor state has it, nor has the engine. "+
								"Use an ephemeral value, or it stands in the saved plan as part of the configuration. Needed. Needs Terraform 1.11 or OpenTofu 1.11.", changesKey),
							Validators: []validator.String{secretIs{isAPIKey}},
						},
						"key_wo_version": schema.StringAttribute{
							Optional:            true,
							MarkdownDescription: describe("Any text that changes with `key_wo`, such as a number or a date. As long as it stays the same, so does the key, whatever `key_wo` says. Default: none.", changesTraffic),
						},
					},
				},
			},
		},
	}
}

// authToSpec takes names and versions from a plan and, where it has them, keys
// from the configuration.
func authToSpec(plan, config types.Object) *endpoint.Auth {
	m, ok := group[authModel](plan)
	if !ok {
		return nil
	}
	secrets, _ := group[authModel](config)
	out := &endpoint.Auth{}
	for _, name := range sortedKeys(m.Keys.Elements()) {
		k := endpoint.APIKey{Name: name, Version: keyOf(m, name).KeyWOVersion.ValueString()}
		if key := keyOf(secrets, name).KeyWO; isSet(key) {
			k.Hash = endpoint.HashKey(key.ValueString())
		}
		out.Keys = append(out.Keys, k)
	}
	return out
}

func keyOf(m authModel, name string) keyModel {
	object, _ := m.Keys.Elements()[name].(types.Object)
	k, _ := group[keyModel](object)
	return k
}

// authOf is the attribute, without the keys, of what was read.
func authOf(a *endpoint.Auth) types.Object {
	if a == nil {
		return types.ObjectNull(authType.AttrTypes)
	}
	keys := map[string]attr.Value{}
	for _, k := range a.Keys {
		keys[k.Name] = types.ObjectValueMust(keyType.AttrTypes, encode(keyModel{KeyWO: types.StringNull(), KeyWOVersion: optionalString(k.Version)}))
	}
	return types.ObjectValueMust(authType.AttrTypes, encode(authModel{Keys: types.MapValueMust(keyType, keys)}))
}

// checkableAuth is what can be said of keys before all of them are known; what
// the attributes' own validators refuse is left out.
func checkableAuth(config types.Object) *endpoint.Auth {
	m, ok := group[authModel](config)
	if !ok || !isSet(m.Keys) || len(m.Keys.Elements()) == 0 {
		return nil
	}
	out := authToSpec(config, config)
	for i, k := range out.Keys {
		if !endpoint.ValidKeyName(k.Name) {
			return nil
		}
		if key := keyOf(m, k.Name).KeyWO; !isSet(key) || !endpoint.ValidKey(key.ValueString()) {
			out.Keys[i].Hash = endpoint.HashKey("unknown " + k.Name)
		}
	}
	return out
}
