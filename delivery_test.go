package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

func TestMessageTimeoutUnreachable(t *testing.T) {
	t.Parallel()
	for _, timeout := range []int{10, 100, 400} {
		p := newProducer(t, nowhere, "message.timeout.ms", timeout, "linger.ms", 0)
		begin := time.Now()
		m := message("t", 3, "k", "v")
		m.Opaque = "op"
		must(t, p.Produce(m, nil))
		must(t, p.Produce(message("t", kafka.PartitionAny, "k", "v"), nil))
		for _, partition := range []int32{3, -1} {
			r := nextReport(t, p.Events())
			if e, _ := r.TopicPartition.Error.(kafka.Error); e.Code() != kafka.ErrMsgTimedOut || !e.IsTimeout() || r.TopicPartition.Partition != partition || r.TopicPartition.Offset != kafka.OffsetInvalid {
				t.Errorf("report of %v", r.TopicPartition)
			}
		}
		if took := time.Since(begin); took < time.Duration(timeout)*time.Millisecond {
			t.Errorf("%d ms: reported after %v", timeout, took)
		}
		if n := p.Len(); n != 0 {
			t.Errorf("Len is %d", n)
		}
	}
}

// TestMessageTimeoutInFlight: a message that the broker does not answer is reported in time, the ones behind it that
// have time left are sent in order, and the late answer makes no second report.
func TestMessageTimeoutInFlight(t *testing.T) {
	t.Parallel()
	for _, idempotent := range []bool{false, true} {
		// What has time left must not run out of it before the broker gets it, however busy the machine is.
		timeout := 400 * time.Millisecond
		for !messageTimeoutInFlight(t, timeout, idempotent) {
			if timeout *= 4; timeout > patience {
				t.Fatal("the messages that had time left never got through in time")
			}
		}
	}
}

// messageTimeoutInFlight reports whether the machine was fast enough to see anything.
func messageTimeoutInFlight(t *testing.T, timeout time.Duration, idempotent bool) bool {
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "message.timeout.ms", int(timeout.Milliseconds()), "linger.ms", 0, "enable.idempotence", idempotent, "max.in.flight", 1)
	must(t, p.Produce(message("orders", 0, "", "warm"), nil))
	if nextReport(t, p.Events()).TopicPartition.Error != nil {
		return false
	}
	release := make(chan struct{})
	held := holdProduce(c, release)
	must(t, p.Produce(message("orders", 0, "", "stuck"), nil))
	select {
	case <-held:
	case <-time.After(timeout / 2):
		close(release)
		return false
	}
	timer := time.NewTimer(timeout * 3 / 4)
	<-timer.C
	for i := range 3 {
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), nil))
	}
	later := time.Now()
	r := nextReport(t, p.Events())
	if code(r.TopicPartition.Error) != kafka.ErrMsgTimedOut || string(r.Value) != "stuck" || r.TopicPartition.Partition != 0 {
		t.Errorf("report %q of %v", r.Value, r.TopicPartition)
	}
	r.Value[0] = '!' // the report's bytes are the application's
	must(t, p.Produce(message("orders", 0, "", "3"), nil))
	close(release)
	for i := range 4 {
		r := nextReport(t, p.Events())
		if time.Since(later) >= timeout {
			return false
		}
		if r.TopicPartition.Error != nil || string(r.Value) != fmt.Sprint(i) {
			t.Errorf("report %q of %v, want %d", r.Value, r.TopicPartition, i)
		}
	}
	if n := p.Flush(int(patience.Milliseconds())); n != 0 {
		t.Errorf("Flush: %d", n)
	}
	noReport(t, p.Events())
	if got := contents(t, c.Bootstrap, "orders", 0); !slices.Equal(got, []string{"warm", "stuck", "0", "1", "2", "3"}) {
		t.Errorf("the topic holds %q", got)
	}
	return true
}

// TestTimedOutIsNotSentLater: what timed out before it could be sent stays unsent when the broker is back.
func TestTimedOutIsNotSentLater(t *testing.T) {
	t.Parallel()
	for _, idempotent := range []bool{false, true} {
		mc := newMock(t, 1)
		must(t, mc.CreateTopic("orders", 1, 1))
		p := newProducer(t, mc.BootstrapServers(), "message.timeout.ms", 500, "linger.ms", 0, "enable.idempotence", idempotent, "reconnect.backoff.ms", 10, "reconnect.backoff.max.ms", 50)
		must(t, p.Produce(message("orders", 0, "", "before"), nil))
		nextReport(t, p.Events())
		must(t, mc.SetBrokerDown(1))
		for i := range 20 {
			must(t, p.Produce(message("orders", 0, "", fmt.Sprint("lost", i)), nil))
		}
		for i := range 20 {
			if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrMsgTimedOut || string(r.Value) != fmt.Sprint("lost", i) {
				t.Errorf("report %q of %v", r.Value, r.TopicPartition)
			}
		}
		must(t, mc.SetBrokerUp(1))
		soon(t, "a message after the outage", func() bool {
			must(t, p.Produce(message("orders", 0, "", "after"), nil))
			return nextReport(t, p.Events()).TopicPartition.Error == nil
		})
		got := slices.Compact(contents(t, mc.BootstrapServers(), "orders", 0))
		if !slices.Equal(got, []string{"before", "after"}) {
			t.Errorf("idempotent %v: the topic holds %q", idempotent, got)
		}
	}
}

// TestRetriesAreForWhatWasSent: while there is no connection no try is used up.
func TestRetriesAreForWhatWasSent(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	must(t, mc.CreateTopic("orders", 1, 1))
	p := newProducer(t, mc.BootstrapServers(), "retries", 0, "linger.ms", 0, "reconnect.backoff.ms", 5, "reconnect.backoff.max.ms", 20, "retry.backoff.ms", 10)
	must(t, p.Produce(message("orders", 0, "", "before"), nil))
	nextReport(t, p.Events())
	must(t, mc.SetRoundtripDuration(1, time.Minute))
	must(t, p.Produce(message("orders", 0, "", "lost with its connection"), nil))
	soon(t, "the second produce request is written", func() bool {
		n := int64(0)
		for _, b := range p.Stats().Brokers {
			n += b.Requests["Produce"]
		}
		return n == 2
	})
	must(t, mc.SetBrokerDown(1))
	must(t, mc.SetRoundtripDuration(1, 0))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrTransport {
		t.Fatalf("report of %v", r.TopicPartition)
	}
	for i := range 3 {
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), nil))
	}
	timer := time.NewTimer(200 * time.Millisecond)
	<-timer.C
	noReport(t, p.Events())
	must(t, mc.SetBrokerUp(1))
	for i := range 3 {
		if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil || string(r.Value) != fmt.Sprint(i) {
			t.Errorf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
}

// TestOutageKeepsOrder: messages of all ages survive an outage in which others time out, in order.
func TestOutageKeepsOrder(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	must(t, mc.CreateTopic("orders", 1, 1))
	p := newProducer(t, mc.BootstrapServers(), "message.timeout.ms", 1000, "linger.ms", 0, "reconnect.backoff.ms", 10, "reconnect.backoff.max.ms", 20)
	must(t, p.Produce(message("orders", 0, "", "first"), nil))
	nextReport(t, p.Events())
	must(t, mc.SetBrokerDown(1))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var delivered []string
	sent, failed := 0, 0
	up := false
	unsent := map[string]bool{} // failed before there was a broker to send to
	take := func(r *kafka.Message) {
		if r.TopicPartition.Error == nil {
			delivered = append(delivered, string(r.Value))
			return
		}
		failed++
		if !up {
			unsent[string(r.Value)] = true
		}
	}
	for sent < 150 {
		select {
		case <-tick.C:
			must(t, p.Produce(message("orders", 0, "", fmt.Sprintf("%03d", sent)), nil))
			if sent++; sent == 130 {
				up = true
				must(t, mc.SetBrokerUp(1))
			}
		case e := <-p.Events():
			if r, ok := e.(*kafka.Message); ok {
				take(r)
			}
		}
	}
	for len(delivered)+failed < sent {
		take(nextReport(t, p.Events()))
	}
	noReport(t, p.Events())
	if failed == 0 || len(delivered) == 0 || !slices.IsSorted(delivered) {
		t.Errorf("%d failed, delivered %q", failed, delivered)
	}
	// A message whose time is over while it is on its way has failed and may be there all the same, anywhere.
	got := contents(t, mc.BootstrapServers(), "orders", 0)[1:]
	reported := slices.DeleteFunc(slices.Clone(got), func(v string) bool { return !slices.Contains(delivered, v) })
	if !slices.Equal(reported, delivered) {
		t.Errorf("the topic holds %q, delivered were %q", got, delivered)
	}
	for _, v := range got {
		if unsent[v] {
			t.Errorf("%s failed before it could be sent, and is there", v)
		}
	}
}

func TestFlush(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	p := newProducer(t, c.Bootstrap, "linger.ms", 60000)
	if n := p.Flush(10000); n != 0 {
		t.Errorf("Flush of nothing: %d", n)
	}
	ch := make(chan kafka.Event, 10)
	for range 10 {
		must(t, p.Produce(message("made-by-flush", kafka.PartitionAny, "k", "v"), ch)) // waits for its topic, then lingers
	}
	for _, ms := range []int{0, -1} {
		if n := p.Flush(ms); n != 10 {
			t.Errorf("Flush(%d): %d", ms, n)
		}
	}
	if n := p.Flush(10000); n != 0 {
		t.Errorf("Flush: %d", n)
	}
	if len(ch) != 10 {
		t.Errorf("%d reports", len(ch))
	}

	must(t, p.Produce(message("made-by-flush", 0, "k", "v"), nil))
	begin := time.Now()
	if n := p.Flush(300); n != 1 {
		t.Errorf("Flush with an unread report: %d", n)
	}
	if took := time.Since(begin); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("Flush(300) took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.FlushContext(ctx); err != context.Canceled {
		t.Errorf("FlushContext: %v", err)
	}
	nextReport(t, p.Events())
	must(t, p.FlushContext(t.Context()))
}

// TestSlowChannel: a delivery channel that nobody reads holds up its own reports only.
func TestSlowChannel(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "go.events.channel.size", 1)
	unread, read := make(chan kafka.Event), make(chan kafka.Event, 100)
	for i := range 100 {
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), unread))
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), read))
		must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), nil))
	}
	for i := range 100 {
		if r := nextReport(t, read); r.TopicPartition.Error != nil || string(r.Value) != fmt.Sprint(i) {
			t.Fatalf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
	soon(t, "200 left", func() bool { return p.Len() == 200 })
	if n := p.Flush(20); n != 200 {
		t.Errorf("Flush: %d", n)
	}
	for i := range 100 {
		if r := nextReport(t, unread); string(r.Value) != fmt.Sprint(i) {
			t.Fatalf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
	for i := range 100 {
		if r := nextReport(t, p.Events()); string(r.Value) != fmt.Sprint(i) {
			t.Fatalf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
	soon(t, "nothing left", func() bool { return p.Len() == 0 })
}

// TestClosedDeliveryChannel: an application that closes its channel too early loses reports, not its process.
func TestClosedDeliveryChannel(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0)
	ch := make(chan kafka.Event)
	close(ch) // before any report, so that the race detector has nothing to say against the application
	must(t, p.Produce(message("orders", 0, "", "v"), ch))
	must(t, p.Produce(message("orders", 0, "", "v"), ch))
	if n := p.Flush(int(patience.Milliseconds())); n != 0 {
		t.Errorf("Flush: %d", n)
	}
}

func TestNoReports(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "go.delivery.reports", false)
	ch := make(chan kafka.Event, 1)
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	must(t, p.Produce(message("orders", 0, "", "v"), ch))
	if n := p.Flush(10000); n != 0 {
		t.Errorf("Flush: %d", n)
	}
	if r := nextReport(t, ch); r.TopicPartition.Offset != 1 {
		t.Errorf("report of %v", r.TopicPartition)
	}
	noReport(t, p.Events())
}

func TestLenCountsReportsOnly(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "go.events.channel.size", 4)
	for range 3000 {
		kafka.EmitForTest(p, kafka.NewError(kafka.ErrTransport, "for a test", false))
	}
	if n := p.Len(); n != 0 {
		t.Errorf("Len is %d with errors only", n)
	}
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	soon(t, "both delivered", func() bool { return p.Flush(10) == 2 })
	errors := 0
	for reports := 0; reports < 2; {
		if _, ok := (<-p.Events()).(*kafka.Message); ok {
			reports++
		} else {
			errors++
		}
		if n := p.Len(); n != 2-reports {
			soon(t, "Len goes down", func() bool { return p.Len() == 2-reports })
		}
	}
	if errors < 4 || errors > 1010 {
		t.Errorf("%d of 3000 errors came before the reports", errors)
	}
}

func TestCloseReports(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "max.in.flight", 1)
	must(t, p.Produce(message("orders", 0, "", "warm"), nil))
	nextReport(t, p.Events())
	release := make(chan struct{})
	defer close(release)
	held := holdProduce(c, release)
	must(t, p.Produce(message("orders", 0, "", "in flight"), nil))
	<-held
	ch := make(chan kafka.Event, 1)
	must(t, p.Produce(message("orders", 0, "", "queued"), nil))
	must(t, p.Produce(message("unknown", 0, "", "queued"), ch))
	ran := false
	must(t, p.ProduceFunc(message("orders", 0, "", "queued"), func(_ *kafka.Message, err error) { ran = code(err) == kafka.ErrPurgeQueue }))
	p.Close()
	p.Close()
	if !p.IsClosed() {
		t.Error("not closed")
	}
	var codes []kafka.ErrorCode
	for e := range p.Events() {
		if r, ok := e.(*kafka.Message); ok {
			codes = append(codes, code(r.TopicPartition.Error))
		}
	}
	if !slices.Equal(codes, []kafka.ErrorCode{kafka.ErrPurgeInflight, kafka.ErrPurgeQueue}) {
		t.Errorf("reports %v", codes)
	}
	if r := nextReport(t, ch); code(r.TopicPartition.Error) != kafka.ErrPurgeQueue {
		t.Errorf("report of %v", r.TopicPartition)
	}
	if n := p.Poll(-1); n != 1 || !ran {
		t.Errorf("Poll after Close: %d, %v", n, ran)
	}

	const closed = "Operation not allowed on closed client"
	topic := "orders"
	_, metadata := p.GetMetadata(&topic, false, 100)
	_, _, watermarks := p.QueryWatermarkOffsets(topic, 0, 100)
	_, times := p.OffsetsForTimes(nil, 100)
	_, sync := p.ProduceSync(t.Context(), message("orders", 0, "", "v"))
	for name, err := range map[string]error{
		"Produce": p.Produce(message("orders", 0, "", "v"), nil), "ProduceFunc": p.ProduceFunc(message("orders", 0, "", "v"), nil), "ProduceSync": sync,
		"Purge": p.Purge(kafka.PurgeQueue), "GetFatalError": p.GetFatalError(), "FlushContext": p.FlushContext(t.Context()),
		"GetMetadata": metadata, "QueryWatermarkOffsets": watermarks, "OffsetsForTimes": times,
	} {
		if code(err) != kafka.ErrState || err.Error() != closed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p.Len() != 0 || p.Flush(100) != 0 || p.Poll(10) != 0 || p.Logs() != nil || p.String() == "" {
		t.Error("a call on a closed producer")
	}
}

// TestCloseUnread: Close ends although nobody reads, and every report is brought that somebody reads.
func TestCloseUnread(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1} {
		p := newProducer(t, nowhere, "go.events.channel.size", size)
		unread := make(chan kafka.Event)
		for range 10 {
			must(t, p.Produce(message("t", 0, "", "v"), unread))
			must(t, p.Produce(message("t", 0, "", "v"), nil))
		}
		got := make(chan int)
		go func() {
			n := 0
			for e := range p.Events() {
				if _, ok := e.(*kafka.Message); ok {
					n++
				}
			}
			got <- n
		}()
		begin := time.Now()
		p.Close()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("Close took %v", took)
		}
		if n := <-got; n != 10 {
			t.Errorf("%d reports on Events", n)
		}
	}
}

func TestCloseFromCallback(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "message.timeout.ms", 20, "linger.ms", 0)
	must(t, p.ProduceFunc(message("t", 0, "", "v"), func(*kafka.Message, error) { p.Close() }))
	if n := p.Poll(-1); n != 1 || !p.IsClosed() {
		t.Errorf("Poll: %d", n)
	}
}

// TestReportsAreNotShared: outgoing messages are used again, and their copies and reports share allocations. What the
// application does with a report must not reach another one.
func TestReportsAreNotShared(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 3))
	p := newProducer(t, c.Bootstrap, "linger.ms", 1, "go.delivery.report.fields", "all")
	const rounds, n = 20, 500
	kept := map[int]*kafka.Message{}
	for round := range rounds {
		for i := range n {
			id := round*n + i
			m := message("orders", kafka.PartitionAny, fmt.Sprint("key ", id), fmt.Sprint("value ", id))
			m.Opaque = id
			if i%3 == 0 {
				m.Headers = []kafka.Header{{Key: "h", Value: fmt.Append(nil, id)}}
			}
			must(t, p.Produce(m, nil))
		}
		for range n {
			r := nextReport(t, p.Events())
			id := r.Opaque.(int)
			if r.TopicPartition.Error != nil || kept[id] != nil {
				t.Fatalf("message %d: %v, reported before: %v", id, r.TopicPartition.Error, kept[id] != nil)
			}
			kept[id] = r
			_ = append(r.Key, "over its end"...)
			_ = append(r.Value, "over its end"...)
		}
	}
	for id, r := range kept {
		headers := 0
		if id%n%3 == 0 {
			headers = 1
		}
		if string(r.Key) != fmt.Sprint("key ", id) || string(r.Value) != fmt.Sprint("value ", id) || len(r.Headers) != headers {
			t.Fatalf("message %d has become %s = %s, %v", id, r.Key, r.Value, r.Headers)
		}
		if headers > 0 && string(r.Headers[0].Value) != fmt.Sprint(id) {
			t.Fatalf("message %d has become one with the header %s", id, r.Headers[0].Value)
		}
	}
}

// TestUnreadReports: go.events.channel.size reports count as read by the channel, whether or not it is there yet, and
// however many of them it holds itself. The channel has the size that was set.
func TestUnreadReports(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	const messages = 10_000
	for _, size := range []int{-1, 0, 7000, 20_000} { // -1: not set, a million
		for _, asked := range []bool{true, false} {
			t.Run(fmt.Sprint(size, asked), func(t *testing.T) {
				t.Parallel()
				conf := []any{"linger.ms", 1, "queue.buffering.max.messages", messages + 1}
				queued := 0
				if size >= 0 {
					conf = append(conf, "go.events.channel.size", size)
					queued = max(messages-size, 0)
				}
				p := newProducer(t, c.Bootstrap, conf...)
				if asked && size >= 0 && cap(p.Events()) != size {
					t.Errorf("Events has %d places, want %d", cap(p.Events()), size)
				} else if asked {
					p.Events()
				}
				m := message("orders", 0, "", "v")
				for range messages {
					must(t, p.Produce(m, nil))
				}
				soon(t, "the others count as messages", func() bool { return kafka.QueueForTest(p) == queued })
				if n := p.Len(); n != messages {
					t.Errorf("Len: %d, want %d", n, messages)
				}
				for range messages {
					must(t, nextReport(t, p.Events()).TopicPartition.Error)
				}
				soon(t, "all are read", func() bool { return p.Len() == 0 })
			})
		}
	}
}

// TestReadAfterClose: who asks for Events only after Close finds all reports there.
func TestReadAfterClose(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	const messages = 10_000
	for _, size := range []int{0, 1000, 1_000_000} {
		p := newProducer(t, c.Bootstrap, "linger.ms", 0, "go.events.channel.size", size)
		for i := range messages {
			must(t, p.Produce(message("orders", 0, "", fmt.Sprint(i)), nil))
		}
		p.Close()
		reported := map[string]int{} // delivered, or given up by Close, which are two goroutines' work: in no order
		for e := range p.Events() {
			m, ok := e.(*kafka.Message)
			if !ok {
				t.Fatalf("an event that is no report: %v", e)
			}
			reported[string(m.Value)]++
		}
		for i := range messages {
			if n := reported[fmt.Sprint(i)]; n != 1 {
				t.Fatalf("channel of %d: message %d has %d reports after Close", size, i, n)
			}
		}
	}
}
