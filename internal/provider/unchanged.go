package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// NewServer returns what makes the provider's protocol server. See New.
func NewServer(version string, opts ...Option) func() tfprotov6.ProviderServer {
	build := New(version, opts...)
	return func() tfprotov6.ProviderServer {
		p := build()
		s := &unchangedServer{ProviderServer: providerserver.NewProtocol6(p)()}
		s.provider, _ = p.(*mlopsProvider)
		return s
	}
}

// unchangedServer answers the read and the plan of a deployment in which nothing
// changes without asking the framework, which walks every attribute of it many
// times: most of the work of a plan, and most plans are of many deployments that
// stay as they are. Whatever is not plainly the same goes the long way,
// and the tests hold every short answer against the long one.
type unchangedServer struct {
	tfprotov6.ProviderServer
	provider *mlopsProvider
	shapes   shapes
	valid    keys
}

// ReadResource implements tfprotov6.ResourceServer. What the engine shows is
// compared with what it showed when the state was written.
func (s *unchangedServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if req.TypeName == "mlops_deployment" && s.seenBefore(ctx, req) {
		return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private}, nil
	}
	return s.ProviderServer.ReadResource(ctx, req)
}

func (s *unchangedServer) seenBefore(ctx context.Context, req *tfprotov6.ReadResourceRequest) bool {
	var seen, name string
	var state encodedObject
	private := facts(req.Private)
	if s.provider == nil || s.provider.rt == nil || s.provider.rt.Engine == nil || req.CurrentState == nil ||
		json.Unmarshal(private[seenKey], &seen) != nil || seen == "" || private[lifeKey] == nil || // it still has to learn its life
		msgpack.Unmarshal(req.CurrentState.MsgPack, &state) != nil || msgpack.Unmarshal(state["name"], &name) != nil ||
		len(state["timeouts"]) > 0 { // a timeout of the user's own is honoured on the long way
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, readOperation.fallback)
	defer cancel()
	status, err := s.provider.rt.Engine.Status(ctx, name)
	return err == nil && s.provider.rt.seen(status) == seen
}

// PlanResourceChange implements tfprotov6.ResourceServer.
func (s *unchangedServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if req.TypeName == "mlops_deployment" && s.unchanged(req) {
		return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate}, nil
	}
	return s.ProviderServer.PlanResourceChange(ctx, req)
}

// omitted is what an argument has to be in the state when the configuration
// leaves it out, for nothing to change: its default. With nil it stays whatever
// it is.
var omitted = map[string][]byte{
	"id": nil, "revision": nil, "fingerprint": nil, "image_id": nil, "image_digest": nil, "containers": nil,
	"drift":          encoded([]string{}), // there is nothing to mend
	"restart_policy": nil, "detection_task": nil,
	"pull_policy":    encoded(string(deployment.PullMissing)),
	"desired_state":  encoded(string(deployment.DesiredRunning)),
	"replicas":       encoded(1),
	"adopt_existing": encoded(false),
}

// encoded is a value as the protocol writes it.
func encoded(v any) []byte {
	text, err := msgpack.Marshal(v)
	if err != nil {
		panic(err) // a constant always encodes
	}
	return text
}

// encodedObject is an object of the protocol, its attributes not decoded.
type encodedObject map[string]msgpack.RawMessage

// unchanged reports whether the configuration says what the state says.
func (s *unchangedServer) unchanged(req *tfprotov6.PlanResourceChangeRequest) bool {
	if string(facts(req.PriorPrivate)[withoutSecretsKey]) != "true" || req.PriorState == nil || req.Config == nil || req.ProposedNewState == nil ||
		!bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return false
	}
	var prior, config encodedObject
	if msgpack.Unmarshal(req.PriorState.MsgPack, &prior) != nil || msgpack.Unmarshal(req.Config.MsgPack, &config) != nil ||
		len(prior) == 0 || len(prior) != len(config) {
		return false
	}
	for name, said := range config {
		have := prior[name]
		switch want, known := omitted[name]; {
		case bytes.Equal(said, have):
		case name == "name" && len(said) == 0 && s.named(prior, config):
		case known && len(said) == 0 && (want == nil || bytes.Equal(want, have)): // a null decodes to nothing
		case sameGroup(said, have, omittedInGroups()[name]):
		default:
			return false
		}
	}
	return true
}

// omittedInGroups is omitted for the attributes inside of groups.
var omittedInGroups = sync.OnceValue(func() map[string]map[string][]byte {
	out := map[string]map[string][]byte{}
	for group, fallbacks := range groupDefaults() {
		out[group] = map[string][]byte{}
		for name, fallback := range fallbacks {
			switch v := fallback.(type) {
			case types.String:
				out[group][name] = encoded(v.ValueString())
			case types.Int64:
				out[group][name] = encoded(int(v.ValueInt64())) // as small as it is, which an int64 is not
			case types.Bool:
				out[group][name] = encoded(v.ValueBool())
			}
		}
	}
	return out
})

// sameGroup reports whether a group, or a list of some, says what the state has,
// where it leaves nothing out but defaults.
func sameGroup(said, have msgpack.RawMessage, defaults map[string][]byte) bool {
	if len(defaults) == 0 || len(said) == 0 || len(have) == 0 {
		return false
	}
	var one, other encodedObject
	if msgpack.Unmarshal(said, &one) == nil && msgpack.Unmarshal(have, &other) == nil {
		return sameMembers(one, other, defaults)
	}
	var all, others []encodedObject
	if msgpack.Unmarshal(said, &all) != nil || msgpack.Unmarshal(have, &others) != nil {
		return false
	}
	return slices.EqualFunc(all, others, func(one, other encodedObject) bool { return sameMembers(one, other, defaults) })
}

func sameMembers(said, have encodedObject, defaults map[string][]byte) bool {
	for name, value := range said {
		fallback, ok := defaults[name]
		if !bytes.Equal(value, have[name]) && (!ok || len(value) > 0 || !bytes.Equal(fallback, have[name])) {
			return false
		}
	}
	return len(said) == len(have)
}

// facts reads the framework's encoding of private state.
func facts(private []byte) map[string]json.RawMessage {
	var encoded map[string][]byte
	if json.Unmarshal(private, &encoded) != nil {
		return nil
	}
	out := map[string]json.RawMessage{}
	for key, text := range encoded {
		out[key] = text
	}
	return out
}

// named reports whether the name in the state is that of the configured task.
func (s *unchangedServer) named(prior, config encodedObject) bool {
	var name, task string
	if s.provider == nil || s.provider.rt == nil || s.provider.rt.Unknown ||
		msgpack.Unmarshal(prior["name"], &name) != nil || msgpack.Unmarshal(config["detection_task"], &task) != nil {
		return false
	}
	return name == deployment.NameForTask(s.provider.rt.NamePrefix, task)
}
