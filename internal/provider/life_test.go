package provider

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
)

// living is something that has a life of its own: a deployment or an endpoint.
type living struct {
	*host
	config, changed object
	container       string // that serves
	record          string // how the names of its records begin
}

// alive runs a test for each of them.
func alive(t *testing.T, test func(t *testing.T, l living)) {
	t.Helper()
	t.Run(deploymentType, func(t *testing.T) {
		h := newHost(t, nil, serving("iris-serve:1"), serving("iris-serve:2"))
		test(t, living{h, iris, with(iris, object{"replicas": 2}), "pyt-iris", "mlops.pyt-iris."})
	})
	t.Run(endpointType, func(t *testing.T) {
		changed := canary()
		changed["traffic"] = routes("v1", 1)
		test(t, living{newEndpointHost(t, nil), canary(), changed, "mlops-gateway.iris", "mlops-endpoint.iris."})
	})
}

// goesOn fails the test unless it is the same container that serves.
func (l living) goesOn(id string) {
	l.t.Helper()
	if c := l.engine.Containers()[l.container]; c.ID != id || !c.State.Running {
		l.t.Errorf("%s is %q %s, and was %q", l.container, c.ID, c.State.Status, id)
	}
}

func (l living) id() string { return l.engine.Containers()[l.container].ID }

// isGone fails the test if a container or a record of it is left.
func (l living) isGone() {
	l.t.Helper()
	_, there := l.engine.Containers()[l.container]
	for name := range l.engine.Volumes() {
		there = there || strings.HasPrefix(name, l.record)
	}
	if there {
		l.t.Errorf("left: %v", l.engine.Leftovers())
	}
}

func (l living) loseRecord() {
	l.t.Helper()
	for name := range l.engine.Volumes() {
		if !strings.HasPrefix(name, l.record) {
			continue
		}
		if err := l.engine.RemoveVolume(context.Background(), name); err != nil {
			l.t.Fatal(err)
		}
	}
	l.nextCommand()
}

// says fails the test unless there is one diagnostic, a warning that says so.
func says(t *testing.T, diagnostics []string, text string) {
	t.Helper()
	if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0], "warning: ") || !strings.Contains(diagnostics[0], text) {
		t.Errorf("says %q, not %q", diagnostics, text)
	}
}

const (
	willTakeOver = " exists already (revision 1, owner \"terraform\"). Unless this plan destroys it first, it is taken over"
	hasTakenOver = " existed already under another resource or state (revision 1, owner \"terraform\") and was taken over"
	isLeftAlone  = " was left alone: Another resource has taken it over since"
)

// TestReplacedWithCreateFirst: what was created in place of a resource is not what
// the destroy of that one removes.
func TestReplacedWithCreateFirst(t *testing.T) {
	for _, tainted := range []bool{false, true} {
		alive(t, func(t *testing.T, l living) {
			w := l.create(l.config)
			w.tainted = tainted
			id := l.id()
			w, kept, diagnostics := l.replaceFirst(w, l.config)
			says(t, diagnostics, hasTakenOver)
			says(t, kept, isLeftAlone)
			l.goesOn(id)
			l.nextCommand()
			w = l.refresh(w)
			l.planIsEmpty(w, l.config)
			if diagnostics := l.destroy(w); len(diagnostics) > 0 {
				t.Error(diagnostics)
			}
			l.isGone()
		})
	}
}

// TestReplacedWithDestroyFirst: the usual way round nobody is warned of himself.
func TestReplacedWithDestroyFirst(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		w := l.create(l.config)
		private := l.plan(w, l.config).private
		if p := l.plan(world{state: l.absent().state, private: private}, l.config); len(p.diagnostics) > 0 {
			t.Errorf("planned with %q", p.diagnostics)
		}
		id := l.id()
		w, kept, diagnostics := l.replace(w, l.config)
		if len(kept)+len(diagnostics) > 0 || l.id() == id {
			t.Errorf("%q %q, and it is the same container: %t", kept, diagnostics, l.id() == id)
		}
		l.planIsEmpty(l.refresh(w), l.config)
	})
}

// TestTwoAtOnce: of two resources with one name, at two addresses or in two
// configurations, the one that applied it last has it.
func TestTwoAtOnce(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		older := l.create(l.config)
		id := l.id()
		p := l.plan(l.absent(), l.config)
		says(t, p.diagnostics, willTakeOver)
		newer, diagnostics := l.apply(p)
		says(t, diagnostics, hasTakenOver)
		older, newer = l.refresh(older), l.refresh(newer)
		l.planIsEmpty(older, l.config)
		says(t, l.destroy(older), isLeftAlone)
		l.goesOn(id)
		l.planIsEmpty(l.refresh(newer), l.config)

		older, diagnostics = l.apply(l.plan(older, l.changed)) // takes it back
		says(t, diagnostics, hasTakenOver)
		says(t, l.destroy(newer), isLeftAlone)
		if diagnostics := l.destroy(older); len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.isGone()
	})
}

// TestRenamedWithDestroyFirst: what is gone already is made anew, and nobody is
// warned by the apply.
func TestRenamedWithDestroyFirst(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		before := l.create(l.config)
		p := l.plan(l.absent(), l.config)
		says(t, p.diagnostics, willTakeOver) // nothing tells the plan that it is the same
		if diagnostics := l.destroy(before); len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		after, diagnostics := l.apply(p)
		if len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.planIsEmpty(l.refresh(after), l.config)
	})
}

// TestStateWithoutLife: a state of an earlier version destroys what it is about,
// and learns its life from the first read.
func TestStateWithoutLife(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		old := withoutLife(t, l.create(l.config))
		read := l.refresh(old)
		l.planIsEmpty(read, l.config)
		p := l.plan(l.absent(), l.config)
		newer, _ := l.apply(p)
		says(t, l.destroy(read), isLeftAlone)
		if diagnostics := l.destroy(withoutLife(t, newer)); len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.isGone()
	})
}

func withoutLife(t *testing.T, w world) world {
	t.Helper()
	var facts map[string][]byte
	if err := json.Unmarshal(w.private, &facts); err != nil || facts[lifeKey] == nil {
		t.Fatalf("%s has no life: %v", w.private, err)
	}
	facts = maps.Clone(facts)
	delete(facts, lifeKey)
	var err error
	if w.private, err = json.Marshal(facts); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestImportHasLife: what was imported goes with its resource, and not with the
// one that had it before and was not forgotten.
func TestImportHasLife(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		l.create(l.config)
		w, diagnostics := l.imported(l.attributeOf("name"))
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		if diagnostics := l.destroy(w); len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.isGone()
	})
}

func (l living) attributeOf(name string) string {
	text, _ := l.config[name].(string)
	return text
}

// TestLostRecordIsRebuiltAsOwn: an update writes the life of its resource into the
// record that it makes in place of a lost one.
func TestLostRecordIsRebuiltAsOwn(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		w := l.create(l.config)
		l.loseRecord()
		p := l.plan(l.refresh(w), l.config)
		if len(l.host.changed(p)) == 0 {
			t.Error("the plan does not mend it")
		}
		w, diagnostics := l.apply(p)
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		l.planIsEmpty(l.refresh(w), l.config)
		if diagnostics := l.destroy(w); len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.isGone()
	})
}

// TestFailedTakeoverIsNotKept: a create that could not take over what is there has
// nothing that a next apply would have to destroy.
func TestFailedTakeoverIsNotKept(t *testing.T) {
	alive(t, func(t *testing.T, l living) {
		before := l.create(l.config)
		id := l.id()
		p := l.plan(l.absent(), l.config)
		l.engine.SetFault(func(_ int, op string, _ bool) error {
			if op == "CreateVolume" {
				return errors.New("no space left on device")
			}
			return nil
		})
		after, diagnostics := l.apply(p)
		l.engine.SetFault(nil)
		if !hasErrors(diagnostics) || strings.Contains(strings.Join(diagnostics, ""), "taken over") || !after.state.IsNull() {
			t.Errorf("%q, state %s", diagnostics, l.brief(after))
		}
		l.goesOn(id)
		if diagnostics := l.destroy(before); len(diagnostics) > 0 {
			t.Error(diagnostics)
		}
		l.isGone()
	})
}
