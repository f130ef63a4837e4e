package deployment

import (
	"reflect"
	"strings"
	"testing"
)

// What a change of a field of Spec means. A field that is in neither list needs
// a new container; so a new field is decided by its author, here.
var (
	// liveFields change on the running container.
	liveFields = []string{
		"Resource.CPUs", "Resource.Memory", "Resource.MemoryReservation", "Resource.PidsLimit", "RestartPolicy", "DesiredState",
	}
	// policyFields change nothing in any container: identity, policies of the
	// provider, and what is settled otherwise.
	policyFields = []string{
		"Name", "Owner", "PullPolicy", "Secrets.Values", "Port", "Replicas",
		"Readiness.Path", "Readiness.TCP", "Readiness.GRPC", "Readiness.GRPCService", "Readiness.Scheme", "Readiness.Port",
		"Readiness.Headers", "Readiness.ExpectStatus", "Readiness.Interval", "Readiness.StartupTimeout", "Readiness.MinHealthyTime",
		"Validation.Method", "Validation.Path", "Validation.Scheme", "Validation.Port", "Validation.Headers", "Validation.Body", "Validation.BodyDigest",
		"Validation.ExpectStatus", "Validation.ExpectJSON.Path", "Validation.ExpectJSON.Equals", "Validation.ExpectJSON.Tolerance",
		"Validation.MaxLatency", "Validation.Repeat",
		"Rollout.Order", "Rollout.MaxSurge", "Rollout.DrainTimeout", "Rollout.NoRollback", "Rollout.KeepFailed",
		"DefaultLabels", "AdoptExisting", "Timeouts.Create", "Timeouts.Read", "Timeouts.Update", "Timeouts.Delete", "Adopted", "UID",
	}
)

// TestEveryFieldIsDecided changes each field of Spec, one at a time.
func TestEveryFieldIsDecided(t *testing.T) {
	live, policy := set(liveFields), set(policyFields)
	for _, path := range leaves("", reflect.TypeFor[Spec]()) {
		t.Run(path, func(t *testing.T) {
			before, after := full(), full()
			change(t, leaf(reflect.ValueOf(&after).Elem(), path))
			rollout := Fingerprint(before) != Fingerprint(after)
			limits := LimitsOf(before) != LimitsOf(after)
			if want := !live[path] && !policy[path]; rollout != want {
				t.Errorf("needs a new container: %t, want %t", rollout, want)
			}
			if limits != live[path] {
				t.Errorf("changes live: %t, want %t", limits, live[path])
			}
			if changed := ChangedFields(before, after); rollout != (len(changed) == 1) {
				t.Errorf("named as changed: %q", changed)
			}
			delete(live, path)
			delete(policy, path)
		})
	}
	if len(live)+len(policy) > 0 {
		t.Errorf("no such fields: %v %v", live, policy)
	}
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// leaves are the paths of all fields below t that are not structs themselves.
// The elements of a slice of structs are reached through its first one.
func leaves(prefix string, t reflect.Type) []string {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{prefix}
	}
	var out []string
	for f := range t.Fields() {
		out = append(out, leaves(strings.TrimPrefix(prefix+"."+f.Name, "."), f.Type)...)
	}
	return out
}

func leaf(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		v = inside(v).FieldByName(name)
	}
	return v
}

func inside(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		return v.Elem()
	case reflect.Slice:
		return v.Index(0)
	}
	return v
}

// change gives a leaf another value.
func change(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		change(t, v.Elem())
	case reflect.String:
		v.SetString(v.String() + "x")
		if v.Type() == reflect.TypeFor[DesiredState]() {
			v.SetString(string(DesiredStopped))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("another"), reflect.ValueOf("one"))
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf("another")))
	default:
		t.Fatalf("full cannot change a %s; teach it", v.Type())
	}
}
