package deployment

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"iris": true, "pyt-hairnet-detection": true, "a1": true, "0-0": true, strings.Repeat("a", 63): true,
		"": false, "a": false, "-a": false, "a-": false, "A1": false, "a_b": false, "a.b": false, "iris\n": false, "iris ": false,
		"irís": false, strings.Repeat("a", 64): false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestValidTask(t *testing.T) {
	for task, want := range map[string]bool{
		"hairnet_detection": true, "a": true, "a__b": true, strings.Repeat("a", 58): true,
		"": false, "_a": false, "a_": false, "a-b": false, "A": false, "a\n": false, strings.Repeat("a", 59): false,
	} {
		if ValidTask(task) != want {
			t.Errorf("%q: %t", task, !want)
		}
	}
}

func TestTaskForName(t *testing.T) {
	for _, tc := range []struct {
		prefix, name, task string
		ok                 bool
	}{
		{"pyt-", "pyt-hairnet-detection", "hairnet_detection", true},
		{"pyt-", "tf-hairnet-detection", "", false},
		{"pyt-", "pyt-", "", false},
		{"pyt-", "pyt-hairnet.2", "", false},
		{"", "hairnet", "", false}, // without a prefix every name would be a task
	} {
		task, ok := TaskForName(tc.prefix, tc.name)
		if ok != tc.ok || ok && task != tc.task {
			t.Errorf("%q, %q: %q, %t", tc.prefix, tc.name, task, ok)
		}
	}
}

// The names that a deployment gives to its objects never meet those of another
// deployment, nor one another.
func TestNameProperties(t *testing.T) {
	names := rapid.StringMatching(NamePattern)
	rapid.Check(t, func(t *rapid.T) {
		name, other := names.Draw(t, "name"), names.Draw(t, "other")
		if !ValidName(name) {
			t.Fatalf("%q is not valid", name)
		}
		slot, revision := rapid.IntRange(0, 99).Draw(t, "slot"), rapid.IntRange(0, 999).Draw(t, "revision")
		owner := map[string]string{}
		for _, n := range []string{name, other} {
			for _, object := range []string{
				SlotName(n, slot), SlotName(n, slot+1), CandidateName(n, revision, slot), CandidateName(n, revision+1, slot), LockName(n),
			} {
				if by, taken := owner[object]; taken && name != other {
					t.Fatalf("%q is a name of %q and of %q", object, by, n)
				}
				owner[object] = n
			}
		}
		if want := 10; name != other && len(owner) != want {
			t.Fatalf("%d names of %d are different: %q", len(owner), want, owner)
		}
		if SlotName(name, 0) != name {
			t.Fatal("slot 0 in service has the deployment's own name")
		}
	})
}

func TestTaskProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		task := rapid.StringMatching(TaskPattern).Draw(t, "task")
		name := NameForTask(DefaultNamePrefix, task)
		if !ValidName(name) {
			t.Fatalf("task %q gives the name %q", task, name)
		}
		if back, ok := TaskForName(DefaultNamePrefix, name); !ok || back != task {
			t.Fatalf("%q becomes %q becomes %q, %t", task, name, back, ok)
		}
	})
}

func TestObjectNames(t *testing.T) {
	for got, want := range map[string]string{
		SlotName("iris", 0): "iris", SlotName("iris", 1): "iris.2", CandidateName("iris", 3, 1): "iris.r3.1",
		LockName("iris"): "iris.lock", RecordName("iris", 7): "mlops.iris.7",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
