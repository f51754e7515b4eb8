package parity

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The cases of TestConfigVerdicts.

// configCase is one configuration that both sides are asked to make a client of.
type configCase struct {
	kind     string // producer, consumer or admin
	settings []setting
}

// setting is an entry of a ConfigMap.
type setting struct {
	key   string
	value any // a topicConfig stands for a nested ConfigMap
}

// topicConfig is the ConfigMap under default.topic.config, or under a key where it does not belong.
type topicConfig map[string]any

func (c configCase) String() string {
	var b strings.Builder
	b.WriteString(c.kind)
	for _, s := range c.settings {
		switch v := s.value.(type) {
		case string:
			if len(v) > 60 {
				v = fmt.Sprintf("%s…%d bytes", v[:40], len(v))
			}
			fmt.Fprintf(&b, " %s=%q", s.key, v)
		default:
			fmt.Fprintf(&b, " %s=%T(%v)", s.key, v, v)
		}
	}
	return b.String()
}

// get returns the value of a key as text, "" where it is not set.
func (c configCase) get(key string) string {
	for _, s := range c.settings {
		if s.key == key {
			return fmt.Sprint(s.value)
		}
	}
	return ""
}

// has reports whether the case sets one of the keys.
func (c configCase) has(keys ...string) bool {
	for _, s := range c.settings {
		if slices.Contains(keys, s.key) {
			return true
		}
	}
	return false
}

var kinds = []string{"producer", "consumer", "admin"}

// property is a row of testdata/properties.tsv.
type property struct {
	name, scope, applies, kind, bounds, standard string
}

func properties(t *testing.T) (ps []property) {
	t.Helper()
	text, err := os.ReadFile("testdata/properties.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 7 || f[0] == "name" {
			continue
		}
		ps = append(ps, property{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	if len(ps) < 200 {
		t.Fatalf("properties.tsv has %d rows only", len(ps))
	}
	return ps
}

// configCases are all the cases: every property with good and bad values for every kind of client, and the rules
// that tie properties together.
func configCases(t *testing.T) (cases []configCase) {
	for _, p := range properties(t) {
		if p.scope == "go" {
			continue // in goCases
		}
		plain, odd := valuesOf(p)
		for _, v := range plain {
			for _, kind := range kinds {
				cases = append(cases, configCase{kind, []setting{{p.name, v}}})
			}
		}
		own := "producer" // the kind of client that the property is for
		if p.applies == "C" {
			own = "consumer"
		}
		for _, v := range odd {
			cases = append(cases, configCase{own, []setting{{p.name, v}}})
		}
		if p.scope == "topic" {
			for _, v := range append(plain, odd...) {
				cases = append(cases, configCase{own, []setting{{"default.topic.config", topicConfig{p.name: v}}}})
			}
			for _, v := range plain {
				cases = append(cases, configCase{own, []setting{{"topic." + p.name, v}}})
			}
		}
	}
	for _, name := range []string{"client.id", "linger.ms", "socket.timeout.ms", "socket.keepalive.enable", "acks", "compression.type", "debug",
		"group.id", "partitioner", "auto.offset.reset", "bootstrap.servers", "sasl.password", "error_cb", "test.mock.num.brokers", "nonesuch"} {
		for _, v := range wrongTypes() {
			for _, kind := range kinds {
				cases = append(cases, configCase{kind, []setting{{name, v}}})
			}
		}
	}
	return append(append(append(cases, nameCases()...), goCases()...), ruleCases()...)
}

// valuesOf are good and bad values for a property, by its type and range: plain ones that every kind of client is asked
// about, and odd ones that go to the kind which the property is for.
func valuesOf(p property) (plain, odd []any) {
	values := []any{"garbage", "", nil}
	odd = []any{" ", "-", "0", "1", 0, 1, -1, true, "false", int64(5)}
	switch p.kind {
	case "int", "float":
		values = append(values, p.standard)
		odd = append(odd, "5x", "x5", "1.5", ".5", "1e3", " 7", "7 ", "+7", "0x10", "010", "0b1", "5s", "-0", "١",
			"99999999999", "-99999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
			"99999999999999999999999999", "nan", "inf", "-inf", "1,5", "1_000", math.MaxInt32, math.MinInt32, 5*time.Second)
		if low, high, ok := bounds(p.bounds); ok {
			values = append(values, strconv.Itoa(low), strconv.Itoa(low-1), strconv.Itoa(high), strconv.Itoa(high+1))
			odd = append(odd, low, low-1, high, high+1, low+(high-low)/2)
		}
		if p.name == "acks" || p.name == "request.required.acks" {
			values = append(values, "all", "ALL")
			odd = append(odd, "All", "any", "none", "all ", "-1")
		}
	case "bool":
		values = append(values, true, false, "true")
		odd = append(odd, "TRUE", "True", "t", "T", "f", "F", "yes", "no", "on", "off", "enabled", " true", "true ", "10", "truefalse")
	case "enum", "csv":
		for _, v := range strings.Split(p.bounds, ",") {
			values = append(values, v)
			odd = append(odd, strings.ToUpper(v), v+" ", " "+v, "+"+v, "-"+v, v+",", v+",garbage", v+"x", v[:len(v)-1])
		}
		odd = append(odd, p.bounds, strings.ReplaceAll(p.bounds, ",", ", "), ",", ",,")
	case "string":
		values = append(values, p.standard, "text")
		odd = append(odd, "näme", "a,b", "a b", "a=b", "a;b", "$", "%s", "\n", strings.Repeat("x", 300), 7, time.Second)
		switch p.name {
		case "partition.assignment.strategy":
			odd = append(odd, "range", "roundrobin", "cooperative-sticky", "RANGE", "range,roundrobin", "roundrobin,range", "range, roundrobin",
				"range,range", "range,cooperative-sticky", "cooperative-sticky,range", "cooperative-sticky,roundrobin", "sticky", "range,sticky", ",range",
				"range,", "consumer", "consumer,range", "range;roundrobin")
		case "partitioner":
			for _, v := range strings.Split(p.bounds, ",") {
				odd = append(odd, v, strings.ToUpper(v), v+" ", v+",random")
			}
		case "sasl.mechanisms", "sasl.mechanism":
			for _, v := range []string{"GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "plain", "PLAIN,GSSAPI", "PLAIN GSSAPI", " PLAIN", "PLAIN ", "EXTERNAL"} {
				odd = append(odd, v)
			}
		case "broker.version.fallback":
			odd = append(odd, "0.8.0", "0.8.1", "0.8.2", "0.9.0", "0.10.0", "0.10.2.1", "1.0.0", "2.8.0", "4.0", "0.7.0", "0.7", "0.7.2", "0.7.x", " 0.7.0", "0.70", "0.6.0", "0.8", "5", "v1.0")
		case "metadata.broker.list", "bootstrap.servers":
			odd = append(odd, "127.0.0.1:1,127.0.0.1:2", "127.0.0.1", "127.0.0.1:", ":9092", "127.0.0.1:abc", "127.0.0.1:70000", "[::1]:9092", "::1",
				"PLAINTEXT://127.0.0.1:1", "SSL://127.0.0.1:1", "http://127.0.0.1:1", ",,", "127.0.0.1:1 , 127.0.0.1:2", "127.0.0.1:1;127.0.0.1:2", "127.0.0.1:-1", "127.0.0.1:0")
		case "share.acknowledgement.mode":
			odd = append(odd, "implicit", "explicit", "IMPLICIT")
		case "group.remote.assignor":
			odd = append(odd, "uniform", "range")
		case "ssl.endpoint.identification.algorithm":
			odd = append(odd, "HTTPS", "NONE")
		}
	case "pointer":
		odd = append(odd, "0x0", 7)
	case "type":
	}
	if p.name == "topic.blacklist" {
		odd = append(odd, "^a,b", "^(", "(", "^[", "a,^b$,^c.*", "^a{1,2}", "*")
	}
	// A few values would do on this machine what they ask for.
	costly := func(v any) bool {
		n, err := strconv.ParseInt(strings.TrimSpace(fmt.Sprint(v)), 0, 64)
		return p.name == "test.mock.num.brokers" && err == nil && n > 3 && n <= 10000
	}
	return slices.DeleteFunc(values, costly), slices.DeleteFunc(odd, costly)
}

// bounds reads a range as it stands in properties.tsv: "low..high", perhaps with more behind it.
func bounds(s string) (low, high int, ok bool) {
	s, _, _ = strings.Cut(s, " ")
	a, b, ok := strings.Cut(s, "..")
	low, err1 := strconv.Atoi(a)
	high, err2 := strconv.Atoi(b)
	return low, high, ok && err1 == nil && err2 == nil
}

// wrongTypes are values of types that a ConfigMap does not take, but for the last.
func wrongTypes() []any {
	return []any{
		nil, int64(5), int32(5), uint(5), float64(5), 1.5, []string{"a"}, []byte("a"), struct{}{}, func() {}, make(chan int), 'x', errTest,
		topicConfig{"acks": 1}, map[string]string{"acks": "1"}, time.Duration(5), stringer{"5"}, &stringer{"5"},
	}
}

var errTest = fmt.Errorf("5")

// stringer is a value with a String method, which a ConfigMap takes.
type stringer struct{ s string }

func (s stringer) String() string { return s.s }

// nameCases are about the keys: unknown ones, other spellings, prefixes.
func nameCases() (cases []configCase) {
	for _, kind := range kinds {
		for _, key := range []string{
			"", " ", ".", "nonesuch", "no.such.property", "linger", "linger.ms ", " linger.ms", "LINGER.MS", "Linger.ms", "linger_ms", "linger.mss", "bootstrap.server",
			"topic.linger.ms", "topic.acks", "topic.topic.acks", "topic.", "topic.nonesuch", "{topic}.acks", "{topic}.nonesuch", "{topic}.", "global.acks",
			"ack", "compression", "sasl.user", "request.timeout", "socket.timeout", "group_id", "client.Id", "auto.offset", "enable.idempotent",
			"internal.mock", "test.mock", "dr_cb", "callback", "on_commit_cb", "key.deserializer", "schema.registry.url", "consumer.linger.ms",
			"producer.linger.ms", "%s%n", "a\nb", "näme", strings.Repeat("long.name.", 30), strings.Repeat("n", 100), strings.Repeat("n", 120), strings.Repeat("ü", 64),
		} {
			for _, v := range []any{"1", 1, true, ""} {
				cases = append(cases, configCase{kind, []setting{{key, v}}})
			}
		}
		for _, v := range []any{
			topicConfig{}, topicConfig(nil), topicConfig{"acks": 1}, topicConfig{"acks": "x"}, topicConfig{"linger.ms": 5}, topicConfig{"nonesuch": 1},
			topicConfig{"acks": int64(1)}, topicConfig{"default.topic.config": topicConfig{"acks": 1}}, topicConfig{"acks": topicConfig{"acks": 1}},
			topicConfig{"request.timeout.ms": 5000, "acks": "all"}, topicConfig{"topic.acks": 1}, "acks=1", 5, nil, true,
		} {
			cases = append(cases, configCase{kind, []setting{{"default.topic.config", v}}})
		}
	}
	return cases
}

// goCases are about the properties of the Go layer and those that take Go values.
func goCases() (cases []configCase) {
	for _, kind := range kinds {
		for _, key := range []string{
			"go.application.rebalance.enable", "go.events.channel.enable", "go.batch.producer", "go.delivery.reports", "go.logs.channel.enable",
			"go.delivery.report.fields", "go.events.channel.size", "go.produce.channel.size", "go.nonesuch", "go.", "go.logs.channel",
		} {
			for _, v := range []any{true, false, "true", "false", "T", "x", "", 0, 1, 10, "10", int64(10), nil, stringer{"true"}, 1.5, []string{"a"}} {
				cases = append(cases, configCase{kind, []setting{{key, v}}})
			}
		}
		for _, v := range []string{"all", "none", "key", "value", "headers", "key,value", "key,value,headers", "key, value", "KEY", "all,key", "none,key", "key,key", ",", "key,", "timestamp", " "} {
			cases = append(cases, configCase{kind, []setting{{"go.delivery.report.fields", v}}})
		}
	}
	return append(cases, configCase{"producer", []setting{{"go.delivery.report.fields", ""}, {"go.delivery.reports", false}}})
}
