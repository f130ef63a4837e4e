package provider

import (
	"bytes"
	"context"
	"hash/maphash"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// UpgradeResourceState implements tfprotov6.ResourceServer. A state that has the
// attributes of today's schema, no more and no fewer, is handed back as it is:
// Terraform reads the same JSON that it wrote.
func (s *unchangedServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if req.TypeName != "mlops_deployment" || req.Version != deploymentSchemaVersion || req.RawState == nil {
		return s.ProviderServer.UpgradeResourceState(ctx, req)
	}
	if !s.shapes.known(req.RawState.JSON) {
		if _, err := req.RawState.Unmarshal(deploymentStateType()); err != nil {
			return s.ProviderServer.UpgradeResourceState(ctx, req)
		}
		s.shapes.learn(req.RawState.JSON)
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

// deploymentSchemaVersion is that of states in the format of today.
const deploymentSchemaVersion = 0

// deploymentStateType is the type of the state of a deployment.
var deploymentStateType = sync.OnceValue(func() tftypes.Type {
	ctx := context.Background()
	return deploymentSchema(ctx).Type().TerraformType(ctx)
})

// shapes are the structures of states that were checked: a hundred deployments
// have a few.
type shapes struct {
	mu   sync.Mutex
	sums map[uint64]bool
}

var shapeSeed = maphash.MakeSeed()

func (s *shapes) known(text []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sums[shape(text)]
}

func (s *shapes) learn(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sums == nil {
		s.sums = map[uint64]bool{}
	}
	s.sums[shape(text)] = true
}

// shape is the hash of everything in a JSON text but its values: of brackets, keys
// and the kind of each value.
func shape(text []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(shapeSeed)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '}', '[', ']':
			_ = h.WriteByte(c)
		case '"':
			end := endOfString(text, i)
			if isKey(text[end:]) {
				_, _ = h.Write(text[i:end])
			} else {
				_ = h.WriteByte(c)
			}
			i = end - 1
		case ' ', '\t', '\n', '\r', ',', ':':
		case 't', 'f', 'n': // true, false, null
			_ = h.WriteByte(c)
			i += len("rue")
			if c == 'f' {
				i++
			}
		default: // a number
			_ = h.WriteByte('0')
			i += len(text[i:]) - len(bytes.TrimLeft(text[i:], "0123456789+-.eE")) - 1
		}
	}
	return h.Sum64()
}

// endOfString is where the string that begins at from ends, its closing quote included.
func endOfString(text []byte, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// isKey reports whether what follows a string makes it a key.
func isKey(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}
