package kafka

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

func TestConfigMapSet(t *testing.T) {
	t.Parallel()
	m := ConfigMap{}
	for _, kv := range []string{"a=b", "sasl.password=a=b=", "{topic}.acks=1", "empty="} {
		if err := m.Set(kv); err != nil {
			t.Errorf("Set(%q): %v", kv, err)
		}
	}
	want := ConfigMap{"a": "b", "sasl.password": "a=b=", "empty": "", topicConfig: ConfigMap{"acks": "1"}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("the map is %v, want %v", m, want)
	}
	checkError(t, m.Set("no value"), ErrInvalidArg, "Expected key=value")
	checkError(t, ConfigMap(nil).Set("a=b"), ErrInvalidArg, "Can't set a in a nil ConfigMap")
	checkError(t, ConfigMap{topicConfig: 1}.SetKey("{topic}.acks", 1), ErrInvalidArg, "Invalid type for key default.topic.config")
	n := ConfigMap{topicConfig: ConfigMap(nil)}
	if err := n.SetKey("{topic}.acks", 1); err != nil || n[topicConfig].(ConfigMap)["acks"] != 1 {
		t.Errorf("SetKey over a nil topic map: %v, %v", n, err)
	}
}

func TestConfigMapGet(t *testing.T) {
	t.Parallel()
	m := ConfigMap{"s": "text", "i": 7, "n": nil, topicConfig: ConfigMap{"acks": 1}}
	for _, tt := range []struct {
		key  string
		def  any
		want any
		err  string
	}{
		{"s", "", "text", ""}, {"s", nil, "text", ""}, {"s", 1, nil, "s expects type int, not string"},
		{"i", "0", nil, "i expects type string, not int"}, {"n", "d", nil, "n expects type string, not <nil>"}, {"n", nil, nil, ""},
		{"missing", 5, 5, ""}, {"missing", nil, nil, ""},
		{"{topic}.acks", 0, 1, ""}, {"{topic}.none", 9, 9, ""}, {"{topic}.acks", "x", nil, "acks expects type string, not int"},
	} {
		got, err := m.Get(tt.key, tt.def)
		if got != tt.want {
			t.Errorf("Get(%q, %v) = %v, want %v", tt.key, tt.def, got, tt.want)
		}
		checkError(t, err, ErrInvalidArg, tt.err)
	}
	if v, err := (ConfigMap{}).Get("{topic}.acks", 3); v != 3 || err != nil {
		t.Errorf("Get without topic properties = %v, %v", v, err)
	}
	_, err := ConfigMap{topicConfig: "x"}.Get("{topic}.acks", 3)
	checkError(t, err, ErrInvalidArg, "Invalid type for key default.topic.config")
}

// checkError compares an error with a code and a text, of which "" means that there is none.
func checkError(t *testing.T, err error, code ErrorCode, text string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Errorf("error %q, want none", err)
		}
		return
	}
	var e Error
	if !errors.As(err, &e) {
		t.Errorf("error %v, want %q", err, text)
		return
	}
	if e.Code() != code || e.Error() != text {
		t.Errorf("error %d %q, want %d %q", e.Code(), e.Error(), code, text)
	}
}

// stringer is a value with a text.
type stringer string

func (s stringer) String() string { return string(s) }

func TestOtherErrors(t *testing.T) {
	t.Parallel()
	_, err := resolve(nil, producerClient)
	checkError(t, err, ErrInvalidArg, "Expected a ConfigMap, not nil")
	for _, v := range []any{true, "true"} {
		_, err = resolve(&ConfigMap{"delivery.report.only.error": v}, producerClient)
		checkError(t, err, ErrUnsupportedFeature, "delivery.report.only.error=true is not currently supported by the Go client")
	}
	for list, want := range map[string]string{"foo": "foo", "key, value": " value", "all,key": "all", "key,": ""} {
		_, err = resolve(&ConfigMap{"go.delivery.report.fields": list}, producerClient)
		var e Error
		if err == nil || errors.As(err, &e) || err.Error() != "unknown message field: "+want {
			t.Errorf("go.delivery.report.fields=%q: %#v", list, err)
		}
	}
	_, err = resolve(&ConfigMap{"security.protocol": "sasl_plaintext"}, producerClient)
	if cause := errors.Unwrap(err); cause == nil || !strings.Contains(cause.Error(), "a module of its own") {
		t.Errorf("the cause of a missing GSSAPI is %v", cause)
	}
	_, err = resolve(&ConfigMap{topicConfig: ConfigMap{"client.id": "x"}}, producerClient)
	if cause := errors.Unwrap(err); cause == nil || !strings.Contains(cause.Error(), "not a topic property") {
		t.Errorf("the cause of a global key among topic properties is %v", cause)
	}
}

// TestEffective are values that come out other than they went in, or follow from others. Those of librdkafka's
// properties are what the peer has, seen by running it.
func TestEffective(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind clientKind
		conf ConfigMap
		want map[string]string
	}{
		{producerClient, ConfigMap{"retries": "0x10"}, map[string]string{"retries": "16", "message.send.max.retries": "16"}},
		{producerClient, ConfigMap{"retries": "010"}, map[string]string{"retries": "8"}},
		{producerClient, ConfigMap{"retries": "08"}, map[string]string{"retries": "0"}},
		{producerClient, ConfigMap{"retries": " +5s"}, map[string]string{"retries": "5"}},
		{producerClient, ConfigMap{"retries": true}, nil},
		{producerClient, ConfigMap{"acks": "ALL"}, map[string]string{"acks": "-1"}},
		{producerClient, ConfigMap{"linger.ms": "0x10"}, map[string]string{"linger.ms": "16", "sticky.partitioning.linger.ms": "32"}},
		{producerClient, ConfigMap{"linger.ms": "0.5x"}, map[string]string{"linger.ms": "0.5", "sticky.partitioning.linger.ms": "1"}},
		{producerClient, ConfigMap{"linger.ms": 5 * time.Second}, map[string]string{"linger.ms": "5"}},
		{producerClient, ConfigMap{"linger.ms": 7, "queue.buffering.max.ms": 3}, map[string]string{"linger.ms": "3"}},
		{producerClient, ConfigMap{"message.timeout.ms": 3}, map[string]string{"linger.ms": "2.9", "sticky.partitioning.linger.ms": "10"}},
		{producerClient, ConfigMap{"client.id": "  x "}, map[string]string{"client.id": "x "}},
		{producerClient, ConfigMap{"client.id": ""}, map[string]string{"client.id": "rdkafka"}},
		{producerClient, ConfigMap{"client.rack": " r"}, map[string]string{"client.rack": " r"}},
		{producerClient, ConfigMap{"debug": "broker,topic,-broker"}, map[string]string{"debug": "topic", "log_level": "7"}},
		{producerClient, ConfigMap{"debug": "all,-broker", "log_level": 3}, map[string]string{"debug": "generic,topic,metadata,feature,queue,msg,protocol,cgrp,security,fetch,interceptor,plugin,consumer,admin,eos,mock,assignor,conf,telemetry", "log_level": "7"}},
		{producerClient, ConfigMap{"client.software.name": " .~aba. va! !.~~"}, map[string]string{"client.software.name": "aba.-va"}},
		{producerClient, ConfigMap{"enable.idempotence": true}, map[string]string{"max.in.flight": "5", "retries": "2147483647", "acks": "-1"}},
		{producerClient, ConfigMap{"transactional.id": "t"}, map[string]string{"enable.idempotence": "true", "socket.timeout.ms": "59900", "message.timeout.ms": "60000"}},
		{producerClient, ConfigMap{"transactional.id": "t", "transaction.timeout.ms": 1000}, map[string]string{"socket.timeout.ms": "900", "message.timeout.ms": "1000"}},
		{producerClient, ConfigMap{"bootstrap.servers": "x.AZURE.com"}, map[string]string{"metadata.broker.list": "x.AZURE.com", "connections.max.idle.ms": "230000"}},
		{producerClient, ConfigMap{"topic.metadata.refresh.interval.ms": 1000}, map[string]string{"metadata.max.age.ms": "3000"}},
		{producerClient, ConfigMap{"topic.metadata.refresh.interval.ms": 0}, map[string]string{"metadata.max.age.ms": "900000"}},
		{producerClient, ConfigMap{"retry.backoff.ms": 50}, map[string]string{"topic.metadata.refresh.fast.interval.ms": "50"}},
		{producerClient, ConfigMap{"go.logs.channel.enable": true}, map[string]string{"log.queue": "true"}},
		{producerClient, ConfigMap{"acks": 1, topicConfig: ConfigMap{"acks": 0}}, map[string]string{"acks": "0"}},
		{producerClient, ConfigMap{"compression.codec": "LZ4", "topic.compression.codec": "gzip"}, map[string]string{"compression.codec": "lz4", "topic.compression.codec": "gzip"}},
		{consumerClient, ConfigMap{"auto.offset.reset": "EARLIEST"}, map[string]string{"auto.offset.reset": "earliest"}},
		{consumerClient, ConfigMap{"message.max.bytes": 200000000}, map[string]string{"fetch.max.bytes": "200000000", "receive.message.max.bytes": "200000512"}},
		{consumerClient, ConfigMap{"queued.max.messages.kbytes": 10}, map[string]string{"fetch.max.bytes": "1000000", "receive.message.max.bytes": "100000000"}},
		{consumerClient, ConfigMap{"partition.assignment.strategy": " "}, map[string]string{"partition.assignment.strategy": "range,roundrobin"}},
		{consumerClient, ConfigMap{"enable.auto.commit": false, "topic.enable.auto.commit": true}, map[string]string{"enable.auto.commit": "false", "auto.commit.enable": "true"}},
		{consumerClient, ConfigMap{"enable.idempotence": true}, map[string]string{"enable.idempotence": "false"}},
		{consumerClient, ConfigMap{"offset.store.method": "none"}, map[string]string{"enable.auto.commit": "false"}},
	} {
		m := maps.Clone(tt.conf)
		if tt.kind == consumerClient {
			m["group.id"] = "g"
		}
		s, err := resolve(&m, tt.kind)
		if tt.want == nil {
			if err == nil {
				t.Errorf("%v: no error", tt.conf)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", tt.conf, err)
			continue
		}
		for name, want := range tt.want {
			if got := s.str(name); got != want {
				t.Errorf("%v: %s is %q, want %q", tt.conf, name, got, want)
			}
		}
	}
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	s, err := resolve(&ConfigMap{"linger.ms": "2.5", "acks": "all", "topic.compression.type": "lz4"}, producerClient)
	if err != nil {
		t.Fatal(err)
	}
	if s.num("request.required.acks") != -1 || !s.isSet("acks") || s.isSet("retries") {
		t.Errorf("acks is %d, set %v; retries set %v", s.num("request.required.acks"), s.isSet("acks"), s.isSet("retries"))
	}
	if s.ms("linger.ms") != 2500*time.Microsecond || s.float("linger.ms") != 2.5 {
		t.Errorf("linger.ms is %v, %v", s.ms("linger.ms"), s.float("linger.ms"))
	}
	if s.str("compression.codec") != "none" || s.str("topic.compression.codec") != "lz4" {
		t.Errorf("compression.codec is %s, the topic's %s", s.str("compression.codec"), s.str("topic.compression.codec"))
	}
	if s.ms("socket.timeout.ms") != time.Minute || !s.flag("socket.nagle.disable") {
		t.Errorf("socket.timeout.ms is %v, socket.nagle.disable %v", s.ms("socket.timeout.ms"), s.flag("socket.nagle.disable"))
	}
	defer func() {
		if recover() == nil {
			t.Error("a property that the table does not have was answered for")
		}
	}()
	s.str("no.such")
}

func TestGoValues(t *testing.T) {
	t.Parallel()
	type handler func(Error)
	var called int
	ch := make(chan LogEvent, 1)
	log := slog.New(slog.DiscardHandler)
	m := ConfigMap{
		"group.id": "g", "error_cb": handler(func(Error) { called++ }), "stats_cb": func(string) { called++ },
		"throttle_cb": func(string, int32, time.Duration) { called++ }, "oauth_cb": func(string) (OAuthBearerToken, error) { called++; return OAuthBearerToken{}, nil },
		"on_commit": func(error, []TopicPartition) { called++ }, "on_delivery": func(*Message, error) { called++ }, "logger": log, "go.logs.channel": ch,
	}
	for _, k := range allKinds {
		s, err := resolve(&m, k.kind)
		if err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		called = 0
		s.value("error_cb").(func(Error))(Error{})
		s.value("stats_cb").(func(string))("")
		s.value("throttle_cb").(func(string, int32, time.Duration))("", 0, 0)
		_, _ = s.value("oauth_cb").(func(string) (OAuthBearerToken, error))("")
		s.value("on_commit").(func(error, []TopicPartition))(nil, nil)
		s.value("on_delivery").(func(*Message, error))(nil, nil)
		if called != 6 || s.value("logger") != log || s.value("go.logs.channel") != ch {
			t.Errorf("%s: %d of 6 functions were called, logger %v, channel %v", k.name, called, s.value("logger"), s.value("go.logs.channel"))
		}
	}
	// nil is no value.
	if s, err := resolve(&ConfigMap{"logger": struct{ *slog.Logger }{log}}, producerClient); err != nil || !s.isSet("logger") {
		t.Errorf("a value with the methods of a logger: %v", err)
	}
	s, err := resolve(&ConfigMap{"error_cb": nil, "on_delivery": (func(*Message, error))(nil), "logger": (*slog.Logger)(nil)}, producerClient)
	if err != nil || s.value("error_cb") != nil || s.value("on_delivery") != nil || s.value("logger") != nil || s.isSet("error_cb") {
		t.Errorf("nil values: %v, %v", s, err)
	}
	for _, tt := range []struct {
		key  string
		v    any
		want string
	}{
		{"error_cb", func() {}, "Invalid value type func() for key error_cb (expected func(kafka.Error))"},
		{"error_cb", 1, `Property "error_cb" must be set through dedicated .._set_..() function`},
		{"on_delivery", "x", "Invalid value type string for key on_delivery (expected func(*kafka.Message, error))"},
		{"on_commit", func(error) {}, "Invalid value type func(error) for key on_commit (expected func(error, []kafka.TopicPartition))"},
		{"logger", "x", "Invalid value type string for key logger (expected *slog.Logger)"},
		{"go.logs.channel", make(chan Event), "Invalid value type chan kafka.Event for key go.logs.channel (expected chan kafka.LogEvent)"},
		{"rebalance_cb", func() {}, "Invalid value type func() for key rebalance_cb (expected string,bool,int,ConfigMap)"},
	} {
		_, err := resolve(&ConfigMap{tt.key: tt.v}, producerClient)
		checkError(t, err, ErrInvalidArg, tt.want)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind clientKind
		conf ConfigMap
		want []string
	}{
		{producerClient, ConfigMap{}, nil},
		{consumerClient, ConfigMap{"linger.ms": 1}, []string{"Configuration property queue.buffering.max.ms is a producer property and will be ignored by this consumer instance"}},
		{adminClient, ConfigMap{"group.id": "g", "acks": 1}, []string{"Configuration property group.id is a consumer property and will be ignored by this producer instance"}},
		{producerClient, ConfigMap{"api.version.fallback.ms": 1}, []string{"Configuration property api.version.fallback.ms is deprecated: For brokers older than 0.10, which the engine does not fall back to."}},
		{producerClient, ConfigMap{"retry.backoff.max.ms": 1}, []string{"Configuration `retry.backoff.ms` with value 100 is greater than configuration `retry.backoff.max.ms` with value 1. A static backoff with value `retry.backoff.max.ms` will be applied."}},
		{producerClient, ConfigMap{"sasl.mechanisms": "PLAIN"}, []string{"Configuration property `sasl.mechanism` set to `PLAIN` but `security.protocol` is not configured for SASL: recommend setting `security.protocol` to SASL_SSL or SASL_PLAINTEXT"}},
		{producerClient, ConfigMap{"sasl.username": "u"}, []string{"Configuration property `sasl.username` only applies when `sasl.mechanism` is set to PLAIN or SCRAM-SHA-.."}},
		{consumerClient, ConfigMap{"fetch.wait.max.ms": 59001}, []string{"Configuration property `fetch.wait.max.ms` (59001) should be set lower than `socket.timeout.ms` (60000) by at least 1000ms to avoid blocking and timing out sub-sequent requests"}},
		{producerClient, ConfigMap{"linger.ms": 2 * time.Second}, []string{"Configuration property linger.ms was set to the time.Duration 2s, of which only the leading number counts: set milliseconds"}},
		{producerClient, ConfigMap{"bootstrap.servers": ""}, []string{"No `bootstrap.servers` configured: client will not be able to connect to Kafka cluster"}},
	} {
		m := maps.Clone(tt.conf)
		if _, ok := m["bootstrap.servers"]; !ok {
			m["bootstrap.servers"] = "x"
		}
		if tt.kind == consumerClient {
			m["group.id"] = "g"
		}
		s, err := resolve(&m, tt.kind)
		if err != nil {
			t.Fatalf("%v: %v", tt.conf, err)
		}
		var got []string
		for _, w := range s.warnings {
			got = append(got, w.text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v %v: warnings %q, want %q", tt.kind, tt.conf, got, tt.want)
		}
	}
	// They are logged when the client is made.
	logs := make(chan LogEvent, 10)
	m := minimal(consumerClient, "linger.ms", 1, "bootstrap.servers", "a,SSL://b", "go.logs.channel.enable", true, "go.logs.channel", logs, "log_level", 6)
	newEngine(t, m, consumerClient)
	tags := map[string]bool{}
	for range 2 {
		select {
		case e := <-logs:
			tags[e.Tag] = e.Level == logWarning
		case <-time.After(10 * time.Second):
			t.Fatal("no log line")
		}
	}
	if !tags["CONFWARN"] || !tags["BROKER"] {
		t.Errorf("lines at level 4: %v, want CONFWARN and BROKER", tags)
	}
}

// TestSecrets: what is marked as secret must not be shown by anything that is printed.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hUnTeR2-secret"
	var secrets []string
	for i := range properties {
		if p := &properties[i]; p.secret {
			secrets = append(secrets, p.name)
		}
	}
	for _, name := range []string{"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.client.secret",
		"sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.assertion.private.key.pem"} {
		if !slices.Contains(secrets, name) {
			t.Errorf("%s is not marked as secret", name)
		}
	}
	aliases := []string{"sasl.oauthbearer.client.credentials.client.secret"}
	for _, name := range append(aliases, secrets...) {
		for _, v := range []any{secret, stringer(secret), []string{secret}, []byte(secret)} {
			m := ConfigMap{name: v, "sasl.mechanisms": "OAUTHBEARER", "sasl.oauthbearer.method": "oidc"}
			_, err := resolve(&m, producerClient)
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %#v", e, e), secret) {
					t.Errorf("%s: the error shows it: %v", name, e)
				}
			}
			s, err := resolve(&ConfigMap{name: v}, producerClient)
			if err != nil {
				continue
			}
			if s.str(name) != secret {
				t.Errorf("%s is %q", name, s.str(name))
			}
			if text := fmt.Sprintf("%v %+v %#v %v", s, s, s, s.warnings); strings.Contains(text, secret) || !strings.Contains(text, "(secret)") {
				t.Errorf("%s: settings print as %s", name, text)
			}
		}
	}
}

// TestTable: the table is sorted and complete, and its rows make sense.
func TestTable(t *testing.T) {
	t.Parallel()
	s, err := resolve(minimal(consumerClient), consumerClient)
	if err != nil {
		t.Fatal(err)
	}
	for i := range properties {
		p := &properties[i]
		if i > 0 {
			if q := &properties[i-1]; q.name > p.name || q.name == p.name && q.scope >= p.scope {
				t.Errorf("%s comes after %s", p.name, q.name)
			}
		}
		if p.alias != "" {
			if target := find(p.scope, p.alias); target == nil || target.alias != "" {
				t.Errorf("%s is an alias of %s, which is none", p.name, p.alias)
			}
			continue
		}
		if p.note == "" || strings.ContainsAny(p.note, "|\n") || !strings.HasSuffix(p.note, ".") {
			t.Errorf("%s: a note is one sentence or more, without lines and bars: %q", p.name, p.note)
		}
		switch p.kind {
		case intKind, floatKind:
			if d, err := strconv.ParseFloat(p.def, 64); err != nil || p.min > p.max || d < float64(p.min) || d > float64(p.max) {
				t.Errorf("%s: default %q in %d..%d: %v", p.name, p.def, p.min, p.max, err)
			}
		case boolKind:
			if p.def != "true" && p.def != "false" {
				t.Errorf("%s: default %q", p.name, p.def)
			}
		case enumKind:
			if !slices.Contains(p.words, p.def) {
				t.Errorf("%s: default %q is none of %q", p.name, p.def, p.words)
			}
		case goKind:
			if goTypes[p.name] == nil {
				t.Errorf("%s: no type", p.name)
			}
		case pointerKind, internalKind, javaKind:
			if p.fate != refused || p.def != "" {
				t.Errorf("%s: fate %d, default %q", p.name, p.fate, p.def)
			}
		}
		if p.kind <= enumKind && p.def != "" && p.scope != goScope && p.name != "ssl.ca.certificate.stores" {
			if err := s.readText(p, p.def); err != nil || s.of(p).text != p.def {
				t.Errorf("%s: its default is read as %q, %v", p.name, s.of(p).text, err)
			}
		}
	}
	for name := range goTypes {
		if p := find(goScope, name); p == nil && find(globalScope, name) == nil {
			t.Errorf("there is a type for %s, which is no property", name)
		}
	}
}

// TestTableComplete compares the table with the facts about librdkafka's properties.
func TestTableComplete(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/properties.tsv")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[*property]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if f[0] == "name" {
			continue
		}
		name, applies, rng, def, alias := f[0], f[2], f[4], f[5], f[6]
		p := find(map[string]scope{"global": globalScope, "topic": topicScope, "go": goScope}[f[1]], name)
		if p == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		seen[p] = true
		kinds := map[string]clientKind{"P": producerClient, "C": consumerClient}
		for who, k := range kinds {
			if want := applies == "*" || applies == who; p.owner.has(k) != want && !(seen[p] && name == "go.events.channel.size") {
				t.Errorf("%s applies to %s: %v", name, who, p.owner.has(k))
			}
		}
		if p.alias != alias {
			t.Errorf("%s is an alias of %q, want %q", name, p.alias, alias)
		}
		if alias != "" {
			continue
		}
		have := p.def
		if k, ok := kinds[applies]; ok {
			have = p.defaultFor(k)
		}
		// What the peer's Go client sets itself, what the C library can do that this package can't, and the value that
		// is a producer's where the facts have a consumer's.
		differs := strings.HasPrefix(name, "client.software.") || name == "builtin.features" || name == "allow.auto.create.topics"
		if have != def && !differs {
			t.Errorf("the default of %s is %q, want %q", name, have, def)
		}
		if lo, hi, ok := strings.Cut(strings.TrimSuffix(rng, " | all"), ".."); ok && (strconv.Itoa(p.min) != lo || strconv.Itoa(p.max) != hi) {
			t.Errorf("the range of %s is %d..%d, want %s", name, p.min, p.max, rng)
		}
		if f[3] == "enum" && strings.Join(p.words, ",") != rng {
			t.Errorf("the words of %s are %q, want %s", name, p.words, rng)
		}
	}
	for i := range properties {
		if p := &properties[i]; !seen[p] && !slices.Contains([]string{"logger", "oauth_cb", "on_commit", "on_delivery"}, p.name) {
			t.Errorf("%s is in the table but no property", p.name)
		}
	}
}

// TestTableUsed: a property that is said to do something is looked at by some code.
func TestTableUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		if f == "config_table.go" || strings.HasSuffix(f, "_test.go") {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(data)
	}
	for i := range properties {
		p := &properties[i]
		if p.alias == "" && p.fate <= own && !strings.Contains(code.String(), strconv.Quote(p.key())) {
			// builtin.features is a question, not a setting.
			if p.name != "builtin.features" {
				t.Errorf("%s is said to have an effect, but no code asks for it", p.key())
			}
		}
	}
}

func FuzzConfigMapSet(f *testing.F) {
	for _, tt := range verdicts {
		for k, v := range tt.conf {
			f.Add(fmt.Sprintf("%s=%v", k, v))
		}
	}
	f.Add("{topic}.acks=1")
	f.Fuzz(func(t *testing.T, kv string) {
		m := ConfigMap{}
		key, value, ok := strings.Cut(kv, "=")
		if err := m.Set(kv); (err == nil) != ok {
			t.Fatalf("Set(%q): %v", kv, err)
		}
		if !ok {
			return
		}
		if got, err := m.Get(key, ""); got != value || err != nil {
			t.Errorf("Get(%q) = %v, %v", key, got, err)
		}
	})
}

// FuzzResolve: no configuration makes resolve panic, and its verdict agrees with the table.
func FuzzResolve(f *testing.F) {
	for _, tt := range verdicts {
		for k, v := range tt.conf {
			f.Add(k, fmt.Sprint(v))
		}
	}
	for i := range properties {
		p := &properties[i]
		for _, v := range edges(p) {
			f.Add(p.name, fmt.Sprint(v))
		}
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, k := range allKinds {
			m := minimal(k.kind)
			if err := m.SetKey(key, value); err != nil {
				t.Fatal(err)
			}
			s, err := resolve(m, k.kind)
			if err == nil {
				s.allowed(t, key, value)
				continue
			}
			var e Error
			if !errors.As(err, &e) {
				if key != "go.delivery.report.fields" {
					t.Errorf("%q=%q: the error is no Error: %v", key, value, err)
				}
			} else if e.Code() != ErrInvalidArg && e.Code() != ErrUnsupportedFeature {
				t.Errorf("%q=%q: code %d", key, value, e.Code())
			}
		}
	})
}

// allowed checks a verdict of FuzzResolve that took a value: the key exists, and the effective value is one that the
// table allows.
func (s *settings) allowed(t *testing.T, key, value string) {
	name := strings.TrimPrefix(key, topicMark)
	p := find(globalScope, name).real()
	if p == nil || name != key {
		p = find(topicScope, strings.TrimPrefix(name, topicPrefix)).real()
	}
	if p == nil {
		p = find(goScope, name)
	}
	if p == nil {
		t.Errorf("%q=%q was taken, but there is no such property", key, value)
		return
	}
	v := s.of(p)
	switch p.kind {
	case intKind:
		if v.num < p.min || v.num > p.max || v.text != strconv.Itoa(v.num) {
			t.Errorf("%q=%q gives %d, %q", key, value, v.num, v.text)
		}
	case floatKind:
		if !(v.float >= float64(p.min) && v.float <= float64(p.max)) {
			t.Errorf("%q=%q gives %v", key, value, v.float)
		}
	case boolKind:
		if v.text != "true" && v.text != "false" {
			t.Errorf("%q=%q gives %q", key, value, v.text)
		}
	case enumKind:
		if !slices.Contains(p.words, v.text) {
			t.Errorf("%q=%q gives %q", key, value, v.text)
		}
	case flagsKind:
		for w := range strings.SplitSeq(v.text, ",") {
			if w != "" && !slices.Contains(p.words, w) {
				t.Errorf("%q=%q gives %q", key, value, v.text)
			}
		}
	case pointerKind, internalKind, javaKind, goKind:
		t.Errorf("%q=%q was taken", key, value)
	}
}
