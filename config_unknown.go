package kafka

import (
	"fmt"
	"strings"
)

// unknown is the error for a key that does not exist in a scope or not for a kind of client. It begins with
// librdkafka's text. A key that looks like a known one names that; the cause says where a key exists that is merely
// out of place.
func unknown(key string, sc scope, k clientKind) error {
	err := confErrorf("No such configuration property: \"%s\"", key)
	for where, text := range map[scope]string{
		globalScope: "is not a topic property, so it can't be set in " + topicConfig,
		goScope:     "does not apply to this kind of client, or not in " + topicConfig,
	} {
		if find(where, key) != nil {
			return err.withCause(fmt.Errorf("%s %s", key, text))
		}
	}
	if near := nearest(key, sc, k); near != "" {
		err.str += fmt.Sprintf(" (did you mean %q?)", near)
	}
	return err
}

// nearest returns the known key that is most like a key, or "" where none is near: one that goes on where the key
// ends, or else one that differs in a few letters and no more than a third.
func nearest(key string, sc scope, k clientKind) (near string) {
	if len(key) > 2*longestName {
		return ""
	}
	best := min(3, len(key)/3) + 1
	longer := strings.ToLower(key) + "."
	for i := range properties {
		p := &properties[i]
		if !p.owner.has(k) && p.scope == goScope || sc == topicScope && p.scope != topicScope || p.kind == pointerKind || p.kind == internalKind {
			continue
		}
		if len(key) > 2 && strings.HasPrefix(p.name, longer) {
			return p.name
		}
		if d := distance(strings.ToLower(key), p.name); d < best {
			best, near = d, p.name
		}
	}
	return near
}

var longestName = func() (n int) {
	for i := range properties {
		n = max(n, len(properties[i].name))
	}
	return n
}()

// distance is the number of letters to add, remove or replace to make a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diag+cost)
		}
	}
	return row[len(b)]
}
