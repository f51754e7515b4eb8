package kafka

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

var allKinds = []struct {
	name string
	kind clientKind
}{{"producer", producerClient}, {"consumer", consumerClient}, {"admin", adminClient}}

// minimal is the least that a kind of client needs.
func minimal(k clientKind, kv ...any) *ConfigMap {
	m := ConfigMap{"log_level": 0, "log.queue": true} // no lines on stderr
	if k == consumerClient {
		m["group.id"] = "g"
	}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return &m
}

// newEngine makes a client that nothing listens for, and ends it with the test.
func newEngine(t *testing.T, m *ConfigMap, k clientKind) *client {
	t.Helper()
	s, err := resolve(m, k)
	if err != nil {
		t.Fatalf("resolve %v: %v", *m, err)
	}
	c, err := newClient(s, func(Event) {})
	if err != nil {
		t.Fatalf("newClient %v: %v", *m, err)
	}
	t.Cleanup(c.stop)
	return c
}

// engineOptions are the options that config.golden shows, by the name that the engine knows them by.
var engineOptions = []struct {
	name string
	opt  any
}{
	{"AllowAutoTopicCreation", kgo.AllowAutoTopicCreation},
	{"AllowIdempotentProduceCancellation", kgo.AllowIdempotentProduceCancellation},
	{"AlwaysRetryEOF", kgo.AlwaysRetryEOF},
	{"BrokerMaxReadBytes", kgo.BrokerMaxReadBytes},
	{"BrokerMaxWriteBytes", kgo.BrokerMaxWriteBytes},
	{"ClientID", kgo.ClientID},
	{"ConcurrentTransactionsBackoff", kgo.ConcurrentTransactionsBackoff},
	{"ConnIdleTimeout", kgo.ConnIdleTimeout},
	{"ConsiderMissingTopicDeletedAfter", kgo.ConsiderMissingTopicDeletedAfter},
	{"ConsumerGroup", kgo.ConsumerGroup},
	{"DialTimeout", kgo.DialTimeout},
	{"DisableClientMetrics", kgo.DisableClientMetrics},
	{"DisableFetchCRCValidation", kgo.DisableFetchCRCValidation},
	{"DisableFetchSessions", kgo.DisableFetchSessions},
	{"DisableIdempotentWrite", kgo.DisableIdempotentWrite},
	{"FetchIsolationLevel", kgo.FetchIsolationLevel},
	{"FetchMaxBytes", kgo.FetchMaxBytes},
	{"FetchMaxPartitionBytes", kgo.FetchMaxPartitionBytes},
	{"FetchMaxWait", kgo.FetchMaxWait},
	{"FetchMinBytes", kgo.FetchMinBytes},
	{"KeepControlRecords", kgo.KeepControlRecords},
	{"KeepRetryableFetchErrors", kgo.KeepRetryableFetchErrors},
	{"ManualFlushing", kgo.ManualFlushing},
	{"MaxBufferedBytes", kgo.MaxBufferedBytes},
	{"MaxBufferedRecords", kgo.MaxBufferedRecords},
	{"MaxConcurrentFetches", kgo.MaxConcurrentFetches},
	{"MaxDecompressBatchBytes", kgo.MaxDecompressBatchBytes},
	{"MaxProduceRequestsInflightPerBroker", kgo.MaxProduceRequestsInflightPerBroker},
	{"MetadataMaxAge", kgo.MetadataMaxAge},
	{"MetadataMinAge", kgo.MetadataMinAge},
	{"ProduceRequestTimeout", kgo.ProduceRequestTimeout},
	{"ProducerBatchCompression", kgo.ProducerBatchCompression},
	{"ProducerBatchMaxBytes", kgo.ProducerBatchMaxBytes},
	{"ProducerLinger", kgo.ProducerLinger},
	{"Rack", kgo.Rack},
	{"RecheckPreferredReplicaInterval", kgo.RecheckPreferredReplicaInterval},
	{"RecordDeliveryTimeout", kgo.RecordDeliveryTimeout},
	{"RecordRetries", kgo.RecordRetries},
	{"RequestRetries", kgo.RequestRetries},
	{"RequestTimeoutOverhead", kgo.RequestTimeoutOverhead},
	{"RequiredAcks", kgo.RequiredAcks},
	{"SeedBrokers", kgo.SeedBrokers},
	{"SoftwareNameAndVersion", kgo.SoftwareNameAndVersion},
	{"StreamingCompression", kgo.StreamingCompression},
	{"TransactionTimeout", kgo.TransactionTimeout},
	{"TransactionalID", kgo.TransactionalID},
	{"UnknownTopicRetries", kgo.UnknownTopicRetries},
}

// TestDefaults compares the effective value of every property, and of every option of the engine, when nothing is
// set with testdata/config.golden.
func TestDefaults(t *testing.T) {
	var b strings.Builder
	show := func(name string, value func(k int) string) {
		var vals []string
		for k := range allKinds {
			vals = append(vals, value(k))
		}
		if vals[0] == vals[1] && vals[0] == vals[2] {
			fmt.Fprintf(&b, "%s = %s\n", name, vals[0])
			return
		}
		for k, v := range vals {
			fmt.Fprintf(&b, "%s = %s (%s)\n", name, v, allKinds[k].name)
		}
	}
	var clients []*client
	for _, k := range allKinds {
		m := ConfigMap{}
		if k.kind == consumerClient {
			m["group.id"] = "g"
		}
		m["log.queue"] = true // no lines on stderr
		clients = append(clients, newEngine(t, &m, k.kind))
	}
	for i := range properties {
		p := &properties[i]
		if p.alias != "" || p.fate == refused || p.name == "group.id" || p.name == "log.queue" {
			continue
		}
		show(p.key(), func(k int) string {
			s := clients[k].conf
			if s.isSet(p.key()) {
				t.Errorf("%s counts as set", p.key())
			}
			return strconv.Quote(s.str(p.key()))
		})
	}
	for _, o := range engineOptions {
		show("engine "+o.name, func(k int) string { return fmt.Sprintf("%v", clients[k].engine().OptValues(o.opt)) })
	}
	golden(t, "testdata/config.golden", b.String())
}

// golden compares got with a file, or with -update writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(data), "\n")
	have := strings.Split(got, "\n")
	for i := range max(len(want), len(have)) {
		w, h := "(nothing)", "(nothing)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(have) {
			h = have[i]
		}
		if w != h {
			t.Errorf("%s:%d\n  file: %s\n  have: %s\nIf this is meant, run go test -run '%s' -update", file, i+1, w, h, t.Name())
			return
		}
	}
}

// TestEngineStarts makes a client for each value at the edge of what is legal: the engine must start with all of them.
func TestEngineStarts(t *testing.T) {
	t.Parallel()
	for i := range properties {
		p := &properties[i]
		if p.alias != "" || p.fate == refused || p.name == "test.mock.num.brokers" {
			continue
		}
		for _, v := range edges(p) {
			for _, k := range allKinds {
				if p.scope == goScope && !p.owner.has(k.kind) {
					continue
				}
				m := minimal(k.kind, p.key(), v)
				for name, value := range alongside(p, v) {
					(*m)[name] = value
				}
				t.Run(fmt.Sprintf("%s/%s=%.20v", k.name, p.key(), v), func(t *testing.T) { newEngine(t, m, k.kind) })
			}
		}
	}
}

// edges are the smallest, largest and default value of a property, and each word.
func edges(p *property) (vals []any) {
	switch p.kind {
	case intKind, floatKind:
		lo, hi := p.min, p.max
		switch p.name {
		case "fetch.min.bytes":
			lo, hi = 1, 100_000_000
		case "go.events.channel.size", "go.produce.channel.size":
			hi = 1 // a client makes channels of this size
		}
		vals = []any{lo, hi}
	case boolKind:
		vals = []any{true, false}
	case enumKind:
		for _, w := range p.words {
			vals = append(vals, w)
		}
	case flagsKind:
		for _, w := range p.words {
			if p.name != "builtin.features" || missingFeatures[w] == "" {
				vals = append(vals, w)
			}
		}
	case stringKind:
		switch {
		case p.words != nil:
			for _, w := range p.words {
				vals = append(vals, w)
			}
		case p.def != "":
			vals = []any{p.def}
		case p.name == "group.id" || p.name == "metadata.broker.list" || p.name == "client.rack" || p.name == "transactional.id":
			vals = []any{"x", strings.Repeat("x", 20000)}
		}
		if p.name == "client.id" {
			vals = append(vals, strings.Repeat("x", 1000))
		}
	}
	return vals
}

// alongside is what a value needs beside it to be legal, by the rules of config_rules.go.
func alongside(p *property, v any) map[string]any {
	switch p.name {
	case "session.timeout.ms":
		return map[string]any{"max.poll.interval.ms": 86400000}
	case "max.poll.interval.ms":
		return map[string]any{"session.timeout.ms": 1}
	case "fetch.max.bytes":
		if v == 0 {
			return map[string]any{"fetch.max.bytes": 1000, "message.max.bytes": 1000}
		}
	case "receive.message.max.bytes":
		if v == 1000 {
			return map[string]any{"receive.message.max.bytes": 1512, "fetch.max.bytes": 1000, "message.max.bytes": 1000}
		}
	case "reconnect.backoff.ms":
		return map[string]any{"reconnect.backoff.max.ms": 3600000}
	case "reconnect.backoff.max.ms":
		return map[string]any{"reconnect.backoff.ms": 0}
	case "enable.gapless.guarantee":
		return map[string]any{"enable.idempotence": true}
	case "security.protocol":
		return map[string]any{"sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": "p"}
	case "queue.buffering.max.ms":
		return map[string]any{"message.timeout.ms": 0}
	}
	return nil
}

func TestEngineOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind clientKind
		conf []any
		opt  any
		want []any
	}{
		{producerClient, []any{"acks", 0}, kgo.RequiredAcks, []any{kgo.NoAck()}},
		{producerClient, []any{"acks", 1}, kgo.RequiredAcks, []any{kgo.LeaderAck()}},
		{producerClient, []any{"acks", "ALL"}, kgo.RequiredAcks, []any{kgo.AllISRAcks()}},
		{consumerClient, []any{"acks", 0}, kgo.RequiredAcks, []any{kgo.AllISRAcks()}},
		{producerClient, []any{"enable.idempotence", true}, kgo.DisableIdempotentWrite, []any{false}},
		{producerClient, []any{"enable.idempotence", true}, kgo.AllowIdempotentProduceCancellation, []any{true}},
		{consumerClient, []any{"enable.idempotence", true}, kgo.DisableIdempotentWrite, []any{true}},
		{adminClient, []any{"enable.idempotence", true}, kgo.DisableIdempotentWrite, []any{true}},
		{producerClient, []any{"transactional.id", "t"}, kgo.TransactionalID, []any{"t", true}},
		{producerClient, []any{"transactional.id", "t"}, kgo.AllowIdempotentProduceCancellation, []any{false}},
		{producerClient, []any{"transactional.id", "t", "transaction.timeout.ms", 5000}, kgo.TransactionTimeout, []any{5 * time.Second}},
		{producerClient, []any{"transactional.id", "t", "transaction.timeout.ms", 5000}, kgo.RequestTimeoutOverhead, []any{4900 * time.Millisecond}},
		{adminClient, []any{"transactional.id", "t"}, kgo.TransactionalID, []any{"", false}},
		{producerClient, []any{"linger.ms", 0}, kgo.ProducerLinger, []any{time.Duration(0)}},
		{producerClient, []any{"linger.ms", "0.5"}, kgo.ProducerLinger, []any{450 * time.Microsecond}},
		{producerClient, []any{"linger.ms", 5}, kgo.ProducerLinger, []any{4500 * time.Microsecond}},
		{producerClient, []any{"linger.ms", 40}, kgo.ProducerLinger, []any{39500 * time.Microsecond}},
		{producerClient, []any{"linger.ms", 100_000}, kgo.ProducerLinger, []any{time.Minute}},
		{producerClient, []any{"message.timeout.ms", 3}, kgo.ProducerLinger, []any{2610 * time.Microsecond}},
		{producerClient, []any{"compression.type", "gzip"}, kgo.ProducerBatchCompression, []any{[]kgo.CompressionCodec{kgo.GzipCompression()}}},
		{producerClient, []any{"message.max.bytes", 5000}, kgo.ProducerBatchMaxBytes, []any{int32(5000)}},
		{producerClient, []any{"message.max.bytes", 1000000000}, kgo.BrokerMaxWriteBytes, []any{int32(1000000000 + 64<<10)}},
		{producerClient, []any{"max.in.flight", 3}, kgo.MaxProduceRequestsInflightPerBroker, []any{3}},
		{producerClient, []any{"retries", 2}, kgo.RecordRetries, []any{int64(2)}},
		{producerClient, []any{"request.timeout.ms", 1}, kgo.ProduceRequestTimeout, []any{100 * time.Millisecond}},
		{producerClient, []any{"socket.timeout.ms", 10}, kgo.RequestTimeoutOverhead, []any{100 * time.Millisecond}},
		{producerClient, []any{"connections.max.idle.ms", 10}, kgo.ConnIdleTimeout, []any{100 * time.Millisecond}},
		{producerClient, []any{"bootstrap.servers", "x.azure.com"}, kgo.ConnIdleTimeout, []any{230 * time.Second}},
		{producerClient, []any{"allow.auto.create.topics", false}, kgo.AllowAutoTopicCreation, []any{false}},
		{consumerClient, []any{"allow.auto.create.topics", true}, kgo.AllowAutoTopicCreation, []any{true}},
		{consumerClient, []any{"isolation.level", "read_uncommitted"}, kgo.FetchIsolationLevel, []any{int8(0)}},
		{consumerClient, []any{"check.crcs", true}, kgo.DisableFetchCRCValidation, []any{false}},
		{consumerClient, []any{"client.rack", "r"}, kgo.Rack, []any{"r"}},
		{consumerClient, []any{"fetch.wait.max.ms", 0}, kgo.FetchMaxWait, []any{10 * time.Millisecond}},
		{consumerClient, []any{"fetch.min.bytes", 77}, kgo.FetchMinBytes, []any{int32(77)}},
		{consumerClient, []any{"max.partition.fetch.bytes", 78}, kgo.FetchMaxPartitionBytes, []any{int32(78)}},
		{consumerClient, []any{"fetch.max.bytes", 2000000}, kgo.FetchMaxBytes, []any{int32(2000000)}},
		{consumerClient, []any{"message.max.bytes", 200000000}, kgo.FetchMaxBytes, []any{int32(200000000)}},
		{consumerClient, []any{"message.max.bytes", 200000000}, kgo.BrokerMaxReadBytes, []any{int32(200000512)}},
		{consumerClient, []any{"enable.metrics.push", false}, kgo.DisableClientMetrics, []any{true}},
		{consumerClient, []any{"topic.metadata.refresh.interval.ms", -1}, kgo.MetadataMaxAge, []any{time.Hour}},
		{consumerClient, []any{"topic.metadata.refresh.interval.ms", 50}, kgo.MetadataMinAge, []any{50 * time.Millisecond}},
		{consumerClient, []any{"retry.backoff.ms", 30}, kgo.MetadataMinAge, []any{30 * time.Millisecond}},
		{producerClient, []any{"client.software.name", "!a b!"}, kgo.SoftwareNameAndVersion, []any{"a-b", "2.15.0"}},
		{producerClient, []any{"bootstrap.servers", "a,PLAINTEXT://b:1,SSL://c"}, kgo.SeedBrokers, []any{[]string{"a:9092", "b:1"}}},
		{producerClient, []any{"bootstrap.servers", ""}, kgo.SeedBrokers, []any{[]string{noBroker}}},
	} {
		c := newEngine(t, minimal(tt.kind, tt.conf...), tt.kind)
		if got := c.engine().OptValues(tt.opt); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%v %v: the engine has %v, want %v", tt.kind, tt.conf, got, tt.want)
		}
	}
}

func TestParseBrokers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list, protocol string
		want           []string
		bad            int
	}{
		{"", "plaintext", nil, 0},
		{" , ,", "plaintext", nil, 0},
		{"a", "plaintext", []string{"a:9092"}, 0},
		{" a:1 , b ", "plaintext", []string{"a:1", "b:9092"}, 0},
		{"plaintext://a:1,PLAINTEXT://b", "plaintext", []string{"a:1", "b:9092"}, 0},
		{"SASL_SSL://a:1", "sasl_ssl", []string{"a:1"}, 0},
		{"SSL://a:1,b,FOO://c", "plaintext", []string{"b:9092"}, 2},
		{"[::1],[::1]:9,::1", "plaintext", []string{"[::1]:9092", "[::1]:9", "[::1]:9092"}, 0},
		{"[::1,[::1]x,a:b,a:,a:65536,a:-1", "plaintext", nil, 6},
		{":1", "plaintext", []string{"localhost:1"}, 0},
		{"a:0,a:65535", "plaintext", []string{"a:0", "a:65535"}, 0},
	} {
		got, bad := parseBrokers(tt.list, tt.protocol)
		if !slices.Equal(got, tt.want) || len(bad) != tt.bad {
			t.Errorf("parseBrokers(%q, %s) = %q, %q; want %q and %d bad ones", tt.list, tt.protocol, got, bad, tt.want, tt.bad)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ first, longest, want time.Duration }{
		{100 * time.Millisecond, time.Second, 400 * time.Millisecond},
		{100 * time.Millisecond, 300 * time.Millisecond, 300 * time.Millisecond},
		{time.Second, 100 * time.Millisecond, 100 * time.Millisecond},
		{time.Millisecond, 300 * time.Second, 4 * time.Millisecond},
	} {
		f := backoff(tt.first, tt.longest)
		for range 100 {
			if d := f(3); d < tt.want*8/10-time.Microsecond || d > min(tt.want*12/10, tt.longest) {
				t.Fatalf("backoff(%v, %v)(3) = %v, want %v and a fifth more or less", tt.first, tt.longest, d, tt.want)
			}
		}
		if d := f(math.MaxInt); d > tt.longest {
			t.Errorf("backoff(%v, %v) = %v after many failures", tt.first, tt.longest, d)
		}
	}
}

func TestMaxVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		conf []any
		want *kversion.Versions
	}{
		{nil, knownGroups(namedOffsets(kversion.Stable()))},
		{[]any{"broker.version.fallback", "0.9.0"}, knownGroups(namedOffsets(kversion.Stable()))},
		{[]any{"api.version.request", false}, kversion.V0_10_0()},
		{[]any{"api.version.request", false, "broker.version.fallback", "0.9.0.1"}, kversion.V0_9_0()},
		{[]any{"api.version.request", false, "broker.version.fallback", "2.1.0"}, kversion.V2_1_0()},
		{[]any{"api.version.request", false, "broker.version.fallback", "abc"}, kversion.V0_10_0()},
	} {
		s, err := resolve(minimal(producerClient, tt.conf...), producerClient)
		if err != nil {
			t.Fatal(err)
		}
		if got := maxVersions(s); !got.Equal(tt.want) {
			t.Errorf("%v: versions of %s, want %s", tt.conf, got.VersionGuess(), tt.want.VersionGuess())
		}
	}
	s, err := resolve(minimal(producerClient, "transactional.id", "t"), producerClient)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[kmsg.Key]int16{kmsg.AddPartitionsToTxn: 3, kmsg.AddOffsetsToTxn: 1, kmsg.TxnOffsetCommit: 5, kmsg.EndTxn: 5} {
		if got, _ := maxVersions(s).LookupMaxKeyVersion(key.Int16()); got != want {
			t.Errorf("%s of a transactional producer has version %d, want %d", key.Name(), got, want)
		}
		if got, _ := kversion.Stable().LookupMaxKeyVersion(key.Int16()); got <= want && key != kmsg.EndTxn {
			t.Errorf("the engine's own versions were changed: %s %d", key.Name(), got)
		}
	}
}

func FuzzParseBrokers(f *testing.F) {
	for _, s := range []string{"a:1,b", "SSL://a", "[::1]:9", "[", "a://b://c", "a:b:c", "::]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		addrs, _ := parseBrokers(list, "plaintext")
		again, bad := parseBrokers(strings.Join(addrs, ","), "plaintext")
		if !slices.Equal(addrs, again) || len(bad) > 0 {
			t.Errorf("%q gives %q, which gives %q and %q", list, addrs, again, bad)
		}
	})
}

// TestLargestMessage: the largest message that Produce takes must fit into a batch of the engine's. Where
// message.max.bytes is set, what is around a message counts: see maxBatch.
func TestLargestMessage(t *testing.T) {
	t.Parallel()
	cluster := testcluster.New(t, 1, testcluster.Topic("t", 1))
	for _, tt := range []struct {
		conf []any
		size int
		want ErrorCode
	}{
		{nil, 1000000 - 36, ErrNoError},
		{[]any{"message.max.bytes", 500000}, 500000 - 36, ErrMsgSizeTooLarge},
		{[]any{"message.max.bytes", 500000}, 500000 - 100, ErrNoError},
	} {
		p, err := NewProducer(minimal(producerClient, append(tt.conf, "bootstrap.servers", cluster.Bootstrap)...))
		if err != nil {
			t.Fatal(err)
		}
		topic := "t"
		report := make(chan Event, 1)
		if err := p.Produce(&Message{TopicPartition: TopicPartition{Topic: &topic}, Value: make([]byte, tt.size)}, report); err != nil {
			t.Errorf("%v: %d bytes: %v", tt.conf, tt.size, err)
		} else if got := toError((<-report).(*Message).TopicPartition.Error).Code(); got != tt.want {
			t.Errorf("%v: %d bytes: report %v, want %v", tt.conf, tt.size, got, tt.want)
		}
		p.Close()
	}
}
