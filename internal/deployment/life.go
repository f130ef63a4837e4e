package deployment

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// NewUID is the identity of a new life of a deployment or an endpoint. Names say
// what a thing is called, lives whose it is: two resources that have one name
// after each other, or at once, have two.
func NewUID() string { return strings.ToLower(rand.Text()) }

// OtherLife reports whether a caller that applied a thing as uid finds it
// recorded as somebody else's. Who does not know its uid is no judge of that.
func OtherLife(recorded, uid string) bool { return uid != "" && recorded != "" && recorded != uid }

// TakenOver is the warning about an Apply that found what somebody else had
// applied: a sentence about e.g. `Deployment "iris"`.
func TakenOver(what string, revision int, owner string) string {
	return fmt.Sprintf("%s existed already under another resource or state (revision %d, owner %q) and was taken over: "+
		"this resource manages it from now on.", what, revision, owner)
}

// WouldTakeOver is the same warning about an Apply that is only planned. Nobody
// tells a plan what else goes on in it.
func WouldTakeOver(what string, revision int, owner string) string {
	return fmt.Sprintf("%s exists already (revision %d, owner %q). Unless this plan destroys it first, it is taken over: "+
		"this resource manages it from then on. If it is the same one under a new address, say so with a moved block instead.", what, revision, owner)
}
