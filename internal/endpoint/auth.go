package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
)

// Auth is who may ask an endpoint. A request carries a key, as a bearer token
// or in the header X-API-Key.
type Auth struct {
	Keys []APIKey `json:"keys"` // by name
}

// APIKey is a key by its name. The key itself is nowhere: what is compared is
// its hash.
type APIKey struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // as long as it stays, so does the key
	Hash    string `json:"hash"`              // see HashKey
}

// MaxKeys is how many keys an endpoint may have.
const MaxKeys = 256

var (
	keyNameRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	keyRE     = regexp.MustCompile(`^[\x21-\x7e]{20,512}$`)
	keyHashRE = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ValidKeyName reports whether a key may be called that.
func ValidKeyName(name string) bool { return keyNameRE.MatchString(name) }

// ValidKey reports whether a key can be sent in a header, and is so long that
// its hash does not tell what it is.
func ValidKey(key string) bool { return keyRE.MatchString(key) }

// HashKey is what is known of a key: its SHA-256 in hexadecimal digits.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Valid reports whether the key can be told from what is no key.
func (k APIKey) Valid() bool { return ValidKeyName(k.Name) && keyHashRE.MatchString(k.Hash) }

// Keep takes the hashes of before where neither name nor version of a key has
// changed: its value then has not either, whatever a source of ephemeral values
// says this time.
func (a *Auth) Keep(before *Auth) *Auth {
	if a == nil || before == nil {
		return a
	}
	known := map[APIKey]string{}
	for _, k := range before.Keys {
		known[APIKey{Name: k.Name, Version: k.Version}] = k.Hash
	}
	out := &Auth{}
	for _, k := range a.Keys {
		if hash, ok := known[APIKey{Name: k.Name, Version: k.Version}]; ok {
			k.Hash = hash
		}
		out.Keys = append(out.Keys, k)
	}
	return out
}

func checkAuth(a *Auth, add func(attribute string, entry int, field, format string, args ...any)) {
	if a == nil {
		return
	}
	if len(a.Keys) == 0 || len(a.Keys) > MaxKeys {
		add("auth", -1, "keys", "It has %d keys; an endpoint that asks for one needs 1 to %d.", len(a.Keys), MaxKeys)
	}
	names, hashes := map[string]bool{}, map[string]string{}
	for _, k := range a.Keys {
		at := fmt.Sprintf("keys[%q]", k.Name)
		switch {
		case names[k.Name]:
			add("auth", -1, at, "There are two keys of that name.")
		case !ValidKeyName(k.Name):
			add("auth", -1, at, "%q is not up to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.", k.Name)
		case !keyHashRE.MatchString(k.Hash):
			add("auth", -1, at+".key_wo", "There is no key.")
		case hashes[k.Hash] != "":
			add("auth", -1, at+".key_wo", "It is the key of %q too: a key has one name.", hashes[k.Hash])
		}
		names[k.Name], hashes[k.Hash] = true, k.Name
	}
}
