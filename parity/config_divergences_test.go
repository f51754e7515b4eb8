package parity

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// configDivergences are the rows of DIVERGENCES.md that show in configurations, each with the differences that it
// allows. The first that matches counts.
var configDivergences = []struct {
	id    string
	match func(c configCase, ours, theirs string) bool
}{
	{"unknown-key-hint", func(c configCase, ours, theirs string) bool {
		plain := reHint.ReplaceAllString(ours, `\""`)
		return plain != ours && plain == theirs
	}},
	{"number-wrap", func(c configCase, ours, theirs string) bool {
		v := fmt.Sprint(valueOf(c.settings[0].value))
		n, err := strconv.ParseInt(v, 10, 64)
		huge := n > math.MaxInt32 || n < math.MinInt32 || errors.Is(err, strconv.ErrRange)
		return refused(ours) && (huge && strings.Contains(ours, "is outside allowed range") || v == "nan")
	}},
	{"no-panic", func(c configCase, ours, theirs string) bool {
		return refused(ours) && strings.HasPrefix(theirs, "panic: ")
	}},
	{"go-values", func(c configCase, ours, theirs string) bool {
		return c.has("error_cb", "stats_cb", "throttle_cb") && (c.settings[0].value == nil && ours == "accepted" ||
			strings.Contains(ours, "(expected func(")) && strings.Contains(theirs, "(expected string,bool,int,ConfigMap)")
	}},
	{"no-plugins", func(c configCase, ours, theirs string) bool {
		return c.has("plugin.library.paths") && refused(ours)
	}},
	{"features", func(c configCase, ours, theirs string) bool {
		return c.has("builtin.features") && strings.Contains(ours, "Unsupported value")
	}},
	{"mock-import", func(c configCase, ours, theirs string) bool {
		return c.has("test.mock.num.brokers") && strings.Contains(ours, "kafka/testmock") && theirs == "accepted"
	}},
	{"unit-test-hook", func(c configCase, ours, theirs string) bool {
		return c.has("ut_handle_ProduceResponse") && refused(ours) && theirs == "accepted"
	}},
	{"failed-reports-only", func(c configCase, ours, theirs string) bool {
		return c.has("delivery.report.only.error") && strings.HasPrefix(ours, "code -165 ")
	}},
	{"blank-values", func(c configCase, ours, theirs string) bool {
		v, isText := valueOf(c.settings[0].value).(string)
		return isText && strings.TrimSpace(v) == "" && (v != "" || c.has("group.id"))
	}},
	{"regexps", func(c configCase, ours, theirs string) bool {
		return c.has("topic.blacklist") && strings.Contains(theirs, "Failed to parse pattern")
	}},
	{"scram-sha-1", func(c configCase, ours, theirs string) bool {
		return c.get("sasl.mechanisms") == "SCRAM-SHA-1" && refused(ours)
	}},
	{"go-tls", func(c configCase, ours, theirs string) bool {
		switch {
		case !strings.Contains(strings.ToLower(c.get("security.protocol")), "ssl"):
			return false
		case c.has("ssl.sigalgs.list", "ssl.crl.location", "ssl.engine.location"):
			return refused(ours)
		case c.has("ssl.providers"):
			return ours == "accepted"
		}
		// Both refuse it, and with the same head: what failed. The rest is what the TLS library says.
		head, _, ok := strings.Cut(ours, ": ")
		return ok && refused(ours) && strings.HasPrefix(theirs, head+": ")
	}},
}

var reHint = regexp.MustCompile(`\\" \(did you mean \\"[a-zA-Z_.]+\\"\?\)"$`)

// permitted returns the id of the row of DIVERGENCES.md that a difference falls under, "" where there is none.
func permitted(c configCase, ours, theirs string) string {
	for _, d := range configDivergences {
		if d.match(c, ours, theirs) {
			return d.id
		}
	}
	return ""
}

// refused reports whether a verdict is an error, not a crash.
func refused(verdict string) bool { return strings.HasPrefix(verdict, "code ") }

// valueOf returns a value, of a nested ConfigMap that of its only entry.
func valueOf(v any) any {
	if tc, nested := v.(topicConfig); nested {
		for _, inner := range tc {
			return inner
		}
	}
	return v
}
