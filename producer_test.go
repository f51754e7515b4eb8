package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// nowhere is an address where nothing listens.
const nowhere = "127.0.0.1:1"

// newProducer makes a producer that is closed when the test ends. kv are properties and their values.
func newProducer(t testing.TB, bootstrap string, kv ...any) *kafka.Producer {
	t.Helper()
	conf := kafka.ConfigMap{"bootstrap.servers": bootstrap, "log_level": 0}
	for i := 0; i < len(kv); i += 2 {
		conf[kv[i].(string)] = kv[i+1]
	}
	p, err := kafka.NewProducer(&conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if *gather {
		kafka.GatherForTest(p)
	}
	return p
}

// message makes a message. A key or value of "" is nil.
func message(topic string, partition int32, key, value string) *kafka.Message {
	m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition}}
	if key != "" {
		m.Key = []byte(key)
	}
	if value != "" {
		m.Value = []byte(value)
	}
	return m
}

// nextReport waits for a report.
func nextReport(t testing.TB, ch <-chan kafka.Event) *kafka.Message {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				t.Fatal("the channel was closed before the report came")
			}
			if m, ok := e.(*kafka.Message); ok {
				return m
			}
		case <-end:
			t.Fatal("no report in time")
		}
	}
}

// noReport fails the test if the channel holds a report.
func noReport(t testing.TB, ch <-chan kafka.Event) {
	t.Helper()
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				return
			}
			if m, ok := e.(*kafka.Message); ok {
				t.Fatalf("a report too many: %v", m.TopicPartition)
			}
		default:
			return
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon waits until f is true.
func soon(t testing.TB, what string, f func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// contents reads a partition from its start and returns the values that it holds by now.
func contents(t testing.TB, bootstrap, topic string, partition int32) (got []string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	must(t, err)
	defer cl.Close()
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewListOffsetsRequestTopicPartition()
	rp.Partition, rp.Timestamp = partition, -1
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := req.RequestWith(ctx, cl)
	must(t, err)
	end := resp.Topics[0].Partitions[0].Offset
	for int64(len(got)) < end {
		fetches := cl.PollFetches(ctx)
		must(t, ctx.Err())
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	return got
}

func TestProduceReports(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 3))
	for _, mode := range []struct {
		fields              string
		key, value, headers bool
	}{{"key,value", true, true, false}, {"all", true, true, true}, {"none", false, false, false}, {"", false, false, false}, {"headers", false, false, true}} {
		p := newProducer(t, c.Bootstrap, "linger.ms", 0, "go.delivery.report.fields", mode.fields)
		m := message("orders", 2, "key", "value")
		m.Opaque = 17
		m.Headers = []kafka.Header{{Key: "h", Value: []byte("x")}, {Key: "h"}, {Key: "e", Value: []byte{}}}
		must(t, p.Produce(m, nil))
		m.Value[0], m.Key[0], m.Headers[0].Value[0] = '!', '!', '!'
		r := nextReport(t, p.Events())
		tp := r.TopicPartition
		if *tp.Topic != "orders" || tp.Partition != 2 || tp.Offset < 0 || tp.Error != nil {
			t.Errorf("%s: report of %v", mode.fields, tp)
		}
		if (string(r.Key) == "key") != mode.key || (string(r.Value) == "value") != mode.value || (r.Key != nil) != mode.key || (r.Value != nil) != mode.value {
			t.Errorf("%s: key %q value %q", mode.fields, r.Key, r.Value)
		}
		if mode.headers && (len(r.Headers) != 3 || string(r.Headers[0].Value) != "x" || r.Headers[1].Value != nil || r.Headers[2].Value == nil) ||
			!mode.headers && r.Headers != nil {
			t.Errorf("%s: headers %v", mode.fields, r.Headers)
		}
		if r.Opaque != 17 || !r.Timestamp.IsZero() || r.TimestampType != kafka.TimestampNotAvailable || r.LeaderEpoch != nil {
			t.Errorf("%s: report %+v", mode.fields, r)
		}
		if n := p.Flush(1000); n != 0 {
			t.Errorf("%d after a flush", n)
		}
	}
	if got := contents(t, c.Bootstrap, "orders", 2); !slices.Equal(got, []string{"value", "value", "value", "value", "value"}) {
		t.Errorf("the topic holds %q: the buffers must be copied", got)
	}
}

func TestProduceNilAndEmpty(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0)
	for _, m := range []*kafka.Message{{}, {Key: []byte{}}, {Value: []byte{}}, {Key: []byte{}, Value: []byte{}}, {Key: []byte("k")}, {Value: []byte("v")}} {
		m.TopicPartition = message("orders", 0, "", "").TopicPartition
		must(t, p.Produce(m, nil))
		r := nextReport(t, p.Events())
		if (r.Key == nil) != (m.Key == nil) || (r.Value == nil) != (m.Value == nil) {
			t.Errorf("key %#v value %#v came back as %#v and %#v", m.Key, m.Value, r.Key, r.Value)
		}
	}
}

func TestProduceRefuses(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 2))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0)
	const most = 1000000 // message.max.bytes
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	nextReport(t, p.Events())
	noTopic, empty := message("", 0, "", "v"), message("orders", 0, "", "")
	noTopic.TopicPartition.Topic = nil
	for _, m := range []struct {
		name string
		msg  *kafka.Message
		want kafka.ErrorCode
	}{
		{"nil", nil, kafka.ErrInvalidArg},
		{"nil topic", noTopic, kafka.ErrInvalidArg},
		{"empty topic", message("", 0, "", "v"), kafka.ErrInvalidArg},
		{"partition past the end", message("orders", 2, "", "v"), kafka.ErrUnknownPartition},
		{"partition -2", message("orders", -2, "", "v"), kafka.ErrUnknownPartition},
		{"largest", &kafka.Message{TopicPartition: empty.TopicPartition, Value: make([]byte, most-36)}, kafka.ErrNoError},
		{"too large", &kafka.Message{TopicPartition: empty.TopicPartition, Value: make([]byte, most-35)}, kafka.ErrMsgSizeTooLarge},
		{"too large with its key", &kafka.Message{TopicPartition: empty.TopicPartition, Key: make([]byte, 1), Value: make([]byte, most-36)}, kafka.ErrMsgSizeTooLarge},
		{"too large with its headers", &kafka.Message{TopicPartition: empty.TopicPartition, Headers: []kafka.Header{{Key: "k", Value: make([]byte, 100)}}, Value: make([]byte, most-36-103)}, kafka.ErrMsgSizeTooLarge},
	} {
		if err := p.Produce(m.msg, nil); code(err) != m.want {
			t.Errorf("%s: %v, want %v", m.name, err, m.want)
		}
	}
	if r := nextReport(t, p.Events()); len(r.Value) != most-36 || r.TopicPartition.Error != nil {
		t.Errorf("report %v of %d bytes: %v", r.TopicPartition, len(r.Value), r.TopicPartition.Error)
	}
	if n := p.Flush(1000); n != 0 {
		t.Errorf("%d left: what is refused must not count", n)
	}
	noReport(t, p.Events())
	if _, err := kafka.NewProducer(nil); code(err) != kafka.ErrInvalidArg {
		t.Errorf("NewProducer(nil): %v", err)
	}
}

func TestProduceUnknownPartition(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 2))
	p := newProducer(t, c.Bootstrap)
	must(t, p.Produce(message("orders", 99, "k", "v"), nil)) // not known yet
	r := nextReport(t, p.Events())
	if code(r.TopicPartition.Error) != kafka.ErrUnknownPartition || r.TopicPartition.Partition != 99 || r.TopicPartition.Offset != kafka.OffsetInvalid {
		t.Errorf("report of %v", r.TopicPartition)
	}
}

// TestProduceAddedPartition: a partition that was added later can be produced to once the engine knows it.
func TestProduceAddedPartition(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 2))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "topic.metadata.refresh.interval.ms", 100, "metadata.max.age.ms", 200)
	must(t, p.Produce(message("orders", 1, "k", "v"), nil))
	nextReport(t, p.Events())
	if err := p.Produce(message("orders", 3, "k", "v"), nil); code(err) != kafka.ErrUnknownPartition {
		t.Fatalf("partition 3 of 2: %v", err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap))
	must(t, err)
	defer cl.Close()
	req := kmsg.NewPtrCreatePartitionsRequest()
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = "orders", 4
	req.Topics = append(req.Topics, rt)
	_, err = req.RequestWith(t.Context(), cl)
	must(t, err)
	kafka.RefreshForTest(p)
	soon(t, "partition 3 known", func() bool { return p.Produce(message("orders", 3, "k", "v"), nil) == nil })
	if r := nextReport(t, p.Events()); r.TopicPartition.Partition != 3 || r.TopicPartition.Error != nil {
		t.Errorf("report of %v", r.TopicPartition)
	}
}

func TestProduceAcks(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	for acks, want := range map[string]kafka.Offset{"0": kafka.OffsetInvalid, "1": 1, "all": 1} {
		topic := "orders" + acks
		p := newProducer(t, c.Bootstrap, "acks", acks, "linger.ms", 0)
		for i := range 2 {
			must(t, p.Produce(message(topic, 0, "", "v"), nil))
			r := nextReport(t, p.Events())
			if i == 1 && (r.TopicPartition.Offset != want || r.TopicPartition.Error != nil) {
				t.Errorf("acks=%s: %v", acks, r.TopicPartition)
			}
		}
	}
}

// TestProduceReplicas: brokers refuse to wait for a number of replicas.
func TestProduceReplicas(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "acks", 2, "linger.ms", 0)
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != 21 || r.TopicPartition.Offset != -1 {
		t.Errorf("report of %v", r.TopicPartition)
	}
}

func TestProduceTimestamp(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap)
	at := time.Date(2024, 2, 29, 12, 34, 56, 789654321, time.UTC)
	for _, ts := range []time.Time{at, {}, time.Unix(0, 0)} {
		m := message("orders", 0, "", "v")
		m.Timestamp = ts
		must(t, p.Produce(m, nil))
	}
	for range 3 {
		nextReport(t, p.Events())
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap), kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	must(t, err)
	defer cl.Close()
	var got []time.Time
	for len(got) < 3 {
		cl.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) { got = append(got, r.Timestamp) })
	}
	if got[0].UnixMilli() != at.UnixMilli() || time.Since(got[1]) > time.Minute || time.Since(got[2]) > time.Minute {
		t.Errorf("timestamps %v", got)
	}
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "queue.buffering.max.messages", 5)
	for i := range 5 {
		must(t, p.Produce(message("t", 0, "k", fmt.Sprint(i)), nil))
	}
	if err := p.Produce(message("t", 0, "k", "v"), nil); code(err) != kafka.ErrQueueFull {
		t.Errorf("the 6th message: %v", err)
	}
	if n := p.Len(); n != 5 {
		t.Errorf("Len is %d", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := p.ProduceContext(ctx, message("t", 0, "k", "v"), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ProduceContext: %v", err)
	}
	waiting := make(chan error)
	go func() { waiting <- p.ProduceContext(t.Context(), message("t", 0, "k", "late"), nil) }()
	soon(t, "ProduceContext waits", func() bool { return kafka.WaitingForRoomForTest(p) == 1 })
	must(t, p.Purge(kafka.PurgeQueue))
	must(t, <-waiting)
	for i := range 5 {
		r := nextReport(t, p.Events())
		if code(r.TopicPartition.Error) != kafka.ErrPurgeQueue || string(r.Value) != fmt.Sprint(i) {
			t.Errorf("report %d: %q %v", i, r.Value, r.TopicPartition)
		}
	}
	noReport(t, p.Events())
	if n := p.Len(); n != 1 {
		t.Errorf("Len is %d with one message", n)
	}
}

func TestQueueFullBytes(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "queue.buffering.max.kbytes", 10)
	n := 0
	for ; n < 100; n++ {
		m := message("t", 0, "", "")
		m.Key, m.Value = make([]byte, 5000), make([]byte, 1000)
		if err := p.Produce(m, nil); err != nil {
			if code(err) != kafka.ErrQueueFull {
				t.Error(err)
			}
			break
		}
	}
	if n != 10 { // keys do not count
		t.Errorf("%d messages of 1000 bytes fit 10 kbytes", n)
	}
}

func TestUnknownTopic(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	p := newProducer(t, c.Bootstrap, "allow.auto.create.topics", false, "topic.metadata.propagation.max.ms", 300)
	begin := time.Now()
	for range 2 {
		must(t, p.Produce(message("nope", kafka.PartitionAny, "k", "v"), nil))
	}
	for range 2 {
		r := nextReport(t, p.Events())
		if code(r.TopicPartition.Error) != kafka.ErrUnknownTopicOrPart || r.TopicPartition.Partition != -1 || r.TopicPartition.Offset != kafka.OffsetInvalid {
			t.Errorf("report of %v", r.TopicPartition)
		}
	}
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("given up after %v", took)
	}
	if err := p.Produce(message("nope", 0, "k", "v"), nil); code(err) != kafka.ErrUnknownTopic {
		t.Errorf("later: %v", err)
	}
	if n := p.Flush(10000); n != 0 {
		t.Errorf("%d left", n)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap))
	must(t, err)
	defer cl.Close()
	req := kmsg.NewPtrCreateTopicsRequest()
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = "nope", 1, 1
	req.Topics = append(req.Topics, rt)
	_, err = req.RequestWith(t.Context(), cl)
	must(t, err)
	soon(t, "the topic is known once it exists", func() bool { return p.Produce(message("nope", 0, "k", "v"), nil) == nil })
	if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil {
		t.Error(r.TopicPartition.Error)
	}
}

func TestRefusedTopic(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := req.(*kmsg.MetadataRequest)
		if len(r.Topics) == 0 {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		host, port := hostPort(t, c.Bootstrap)
		b.Host, b.Port = host, port
		resp.Brokers = append(resp.Brokers, b)
		for _, rt := range r.Topics {
			st := kmsg.NewMetadataResponseTopic()
			st.Topic, st.ErrorCode = rt.Topic, kerr.TopicAuthorizationFailed.Code
			resp.Topics = append(resp.Topics, st)
		}
		return resp, nil, true
	})
	p := newProducer(t, c.Bootstrap)
	must(t, p.Produce(message("secret", 0, "k", "v"), nil))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrTopicAuthorizationFailed {
		t.Errorf("report of %v", r.TopicPartition)
	}
	if err := p.Produce(message("secret", 0, "k", "v"), nil); code(err) != kafka.ErrTopicAuthorizationFailed {
		t.Errorf("later: %v", err)
	}
}

// TestTimeoutWithoutLeader: while a partition has no leader its messages time out one by one. One that is given up makes the
// engine fail all that it holds, with the error of the metadata, which is not that of the messages behind.
func TestTimeoutWithoutLeader(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	asked := make(chan struct{}, 1000)
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		b.Host, b.Port = hostPort(t, c.Bootstrap)
		resp.Brokers = append(resp.Brokers, b)
		st, sp := kmsg.NewMetadataResponseTopic(), kmsg.NewMetadataResponseTopicPartition()
		st.Topic, st.TopicID = kmsg.StringPtr("orders"), [16]byte{1}
		sp.Leader, sp.ErrorCode = -1, kerr.LeaderNotAvailable.Code
		st.Partitions = append(st.Partitions, sp)
		resp.Topics = append(resp.Topics, st)
		select {
		case asked <- struct{}{}:
		default:
		}
		return resp, nil, true
	})
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "message.timeout.ms", 1000, "topic.metadata.refresh.fast.interval.ms", 10)
	for range 5 {
		must(t, p.Produce(message("orders", 0, "", "v"), nil))
		for range 3 {
			<-asked
		}
	}
	for range 5 {
		if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrMsgTimedOut {
			t.Errorf("report of %v", r.TopicPartition)
		}
	}
}

// answer makes a broker answer one produce request for a partition with an error.
func answer(c *testcluster.Cluster, partition int32, err *kerr.Error) {
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r := req.(*kmsg.ProduceRequest)
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		hit := false
		for _, rt := range r.Topics {
			st := kmsg.NewProduceResponseTopic()
			st.Topic, st.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				sp := kmsg.NewProduceResponseTopicPartition()
				sp.Partition, sp.BaseOffset, sp.ErrorCode = rp.Partition, -1, err.Code
				hit = hit || rp.Partition == partition
				st.Partitions = append(st.Partitions, sp)
			}
			resp.Topics = append(resp.Topics, st)
		}
		return resp, nil, hit
	})
}

// TestBrokerErrorFailsItsBatchOnly: the engine fails everything that it holds for the partition.
func TestBrokerErrorFailsItsBatchOnly(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	// More in flight would do too, but what was in flight behind the bad batch would be sent twice.
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "max.in.flight", 1)
	must(t, p.Produce(message("orders", 0, "", "warm"), nil))
	nextReport(t, p.Events())
	hold := make(chan struct{})
	held := holdProduce(c, hold)
	answer(c, 0, kerr.MessageTooLarge)
	must(t, p.Produce(message("orders", 0, "", "bad"), nil))
	<-held
	// The broker may have the request before the engine tells that it was written: only what is produced after that is
	// known not to be in it.
	soon(t, "the request is counted as written", func() bool {
		n := int64(0)
		for _, b := range p.Stats().Brokers {
			n += b.Requests["Produce"]
		}
		return n == 2
	})
	for i := range 5 {
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), nil))
	}
	close(hold)
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrMsgSizeTooLarge || string(r.Value) != "bad" || r.TopicPartition.Offset != -1 {
		t.Errorf("report %q of %v", r.Value, r.TopicPartition)
	}
	for i := range 5 {
		if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil || string(r.Value) != fmt.Sprint(i) {
			t.Errorf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
	if got := contents(t, c.Bootstrap, "orders", 0); !slices.Equal(got, []string{"warm", "0", "1", "2", "3", "4"}) {
		t.Errorf("the topic holds %q", got)
	}
}

// holdProduce makes the broker hold its next produce request until release is closed, and then handle it. The channel
// that it returns is closed when the request is there.
func holdProduce(c *testcluster.Cluster, release <-chan struct{}) <-chan struct{} {
	held := make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		select {
		case <-held:
			return nil, nil, false
		default:
		}
		close(held)
		c.SleepControl(func() { <-release })
		c.DropControl()
		return nil, nil, false
	})
	return held
}

func TestRetriesUsedUp(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "retries", 2, "retry.backoff.ms", 1)
	for range 3 {
		answer(c, 0, kerr.NotEnoughReplicas)
	}
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrorCode(kerr.NotEnoughReplicas.Code) {
		t.Errorf("report of %v", r.TopicPartition)
	}
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil {
		t.Errorf("report of %v", r.TopicPartition)
	}
}

func TestFatalError(t *testing.T) {
	t.Parallel()
	for _, idempotent := range []bool{true, false} {
		p := newProducer(t, nowhere, "enable.idempotence", idempotent)
		must(t, p.Produce(message("t", 0, "", "v"), nil))
		if err := p.GetFatalError(); err != nil {
			t.Error(err)
		}
		if c := p.TestFatalError(kafka.ErrOutOfOrderSequenceNumber, "for a test"); c != kafka.ErrNoError {
			t.Errorf("TestFatalError: %v", c)
		}
		if c := p.TestFatalError(kafka.ErrInvalidProducerEpoch, "again"); c != kafka.ErrPrevInProgress {
			t.Errorf("TestFatalError again: %v", c)
		}
		err := p.GetFatalError()
		if e, ok := err.(kafka.Error); !ok || e.Code() != kafka.ErrOutOfOrderSequenceNumber || !e.IsFatal() || e.String() != "Fatal error: test_fatal_error: for a test" {
			t.Errorf("GetFatalError: %v", err)
		}
		if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrPurgeQueue {
			t.Errorf("report of %v", r.TopicPartition)
		}
		want := kafka.ErrNoError
		if idempotent {
			want = kafka.ErrFatal
		}
		if err := p.Produce(message("t", 0, "", "v"), nil); code(err) != want {
			t.Errorf("idempotent %v: Produce: %v", idempotent, err)
		} else if e, ok := err.(kafka.Error); ok && e.IsFatal() {
			t.Error("Produce's error must not be fatal itself")
		}
	}
}

func TestIdempotentFatal(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "enable.idempotence", true, "linger.ms", 0)
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil {
		t.Fatal(r.TopicPartition.Error)
	}
	answer(c, 0, kerr.OutOfOrderSequenceNumber)
	ch := make(chan kafka.Event, 1)
	must(t, p.Produce(message("orders", 0, "", "v"), ch))
	if r := nextReport(t, ch); code(r.TopicPartition.Error) != kafka.ErrOutOfOrderSequenceNumber {
		t.Errorf("report of %v", r.TopicPartition)
	}
	for e := range p.Events() {
		if err, ok := e.(kafka.Error); ok && err.IsFatal() {
			if err.Code() != kafka.ErrOutOfOrderSequenceNumber {
				t.Errorf("event %v", err)
			}
			break
		}
	}
	if err := p.Produce(message("orders", 0, "", "v"), nil); code(err) != kafka.ErrFatal {
		t.Errorf("Produce: %v", err)
	}
}

func hostPort(t testing.TB, addr string) (string, int32) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	return host, int32(n)
}

// TestProduceAfterGetMetadata: what GetMetadata has told of a topic is known to Produce at once.
func TestProduceAfterGetMetadata(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	p := newProducer(t, cl.Bootstrap)
	topic := "t"
	_, err := p.GetMetadata(&topic, false, 5000)
	must(t, err)
	for _, n := range []int32{2, 99, -2} {
		if err := p.Produce(message("t", n, "k", "v"), nil); code(err) != kafka.ErrUnknownPartition {
			t.Errorf("partition %d: %v", n, err)
		}
	}
	_, err = p.ProduceSync(t.Context(), message("t", 1, "k", "v"))
	must(t, err)
}
