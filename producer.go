package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Flags of [Producer.Purge].
const (
	// PurgeQueue purges the messages that have not been sent.
	PurgeQueue int = 1
	// PurgeInFlight purges the messages that have been sent and not been answered: they may have been written.
	PurgeInFlight int = 2
	// PurgeNonBlocking does not wait for the messages' reports. Here Purge never has to wait for them.
	PurgeNonBlocking int = 4
)

// Producer sends messages. Every message that it accepts gets exactly one delivery report: on the channel given to
// Produce, else on Events, or as a callback. All methods may be used from several goroutines, and from callbacks.
type Producer struct {
	client *client

	// From the configuration.
	acks          int
	idempotent    bool
	gapless       bool
	batch         bool // go.batch.producer
	reports       bool // go.delivery.reports
	fields        reportFields
	onDelivery    func(*Message, error)
	onError       func(Error)
	onStats       func(string)
	onThrottle    func(broker string, id int32, d time.Duration)
	maxMessage    int
	partitioner   partitioner
	stickyLinger  time.Duration
	stickyBatch   int64 // see stickyPartition.batch
	propagation   time.Duration
	metadataRetry time.Duration
	retryBackoff  time.Duration

	born        time.Time // the clock's zero
	wallClock   wallClock
	promiseFunc func(*kgo.Record, error)
	writes      writes
	topics      producerTopics

	copies  copies
	queue   produceQueue
	room    broadcast // the queue got shorter
	drained broadcast // the queue is empty

	timeouts  timeouts
	flushing  flushing
	gathering gathering
	source    produceChannel

	outage atomic.Bool   // no broker can be reached
	txn    *transactions // nil without transactional.id

	// What promises write for each message is apart from what Produce reads for each.
	_        cacheLine
	events   eventQueue
	channels deliveryChannels
	calls    callQueue
	lot      []Message // for reports, from lotUsed on, see reportDelivered
	lotUsed  int
	_        cacheLine
	blocks   blocks
	_        cacheLine
}

var (
	errQueueFull        = newError(ErrQueueFull)
	errMsgTimedOut      = newError(ErrMsgTimedOut)
	errUnknownPartition = newError(ErrUnknownPartition)
)

// NewProducer makes a producer. It returns at once: brokers are connected to when there is something to send. What
// is wrong with the configuration is an ErrInvalidArg that names the property.
func NewProducer(conf *ConfigMap) (*Producer, error) {
	if conf == nil {
		return nil, newErrorf(ErrInvalidArg, "NewProducer needs a ConfigMap, not nil")
	}
	settings, err := resolve(conf, producerClient)
	if err != nil {
		return nil, err
	}
	p := &Producer{born: time.Now()}
	p.configure(settings)
	p.txn = newTransactions(p, settings)
	if p.client, err = newClient(settings, p.onEvent, p.engineOpts()...); err != nil {
		return nil, err
	}
	p.client.start()
	if p.idempotent && p.txn == nil {
		p.client.tasks.run(p.getProducerID)
	}
	p.client.startStats(p.fillStats)
	return p, nil
}

// engineOpts are the options of the engine that the producer's own work needs.
func (p *Producer) engineOpts() []kgo.Opt {
	opts := []kgo.Opt{
		kgo.RecordPartitioner(enginePartitioner{p}),
		kgo.WithHooks(&p.writes, throttles{p.onThrottle, func(f func()) { p.calls.put(call{run: f}) }}),
	}
	if p.idempotent {
		opts = append(opts, kgo.StopProducerOnDataLossDetected()) // which is a fatal error, see failed
	}
	return opts
}

// configure takes over what the producer itself needs of the settings.
func (p *Producer) configure(s *settings) {
	p.fields = newReportFields(s.str("go.delivery.report.fields"))
	p.acks = s.num("request.required.acks")
	p.idempotent = s.flag("enable.idempotence")
	p.gapless = s.flag("enable.gapless.guarantee")
	p.batch = s.flag("go.batch.producer")
	p.reports = s.flag("go.delivery.reports")
	p.onDelivery, _ = s.value("on_delivery").(func(*Message, error))
	p.onError, _ = s.value("error_cb").(func(Error))
	p.onStats, _ = s.value("stats_cb").(func(string))
	p.onThrottle, _ = s.value("throttle_cb").(func(string, int32, time.Duration))
	p.queue.maxMessages = int64(s.num("queue.buffering.max.messages"))
	p.queue.maxBytes = int64(s.num("queue.buffering.max.kbytes")) * 1024
	p.maxMessage = s.num("message.max.bytes")
	p.partitioner = partitioners[s.str("partitioner")]
	if p.stickyLinger = s.ms("sticky.partitioning.linger.ms"); !s.isSet("sticky.partitioning.linger.ms") {
		p.stickyBatch = min(int64(s.num("batch.size")), stickyBytes)
	}
	p.propagation = s.ms("topic.metadata.propagation.max.ms")
	p.metadataRetry = s.ms("topic.metadata.refresh.fast.interval.ms")
	p.retryBackoff = s.ms("retry.backoff.ms")

	p.promiseFunc = p.promise
	p.writes.p, p.writes.txn = p, -1
	p.timeouts = timeouts{p: p, timeout: s.ms("message.timeout.ms"), again: make(chan struct{}, 1)}
	p.gathering.configure(p, s.ms("linger.ms"))
	p.flushing = flushing{p: p, more: make(chan struct{}, 1)}
	p.calls = callQueue{room: &p.room, ready: make(chan struct{}, 1), most: p.queue.maxMessages}
	p.events = newEventQueue(p, s)
	p.channels.p = p
	p.source = produceChannel{p: p, size: s.num("go.produce.channel.size"), stop: make(chan struct{}), stopped: make(chan struct{})}
}

// Produce takes a message to send. It copies the message, never blocks, and needs no broker: what becomes of the
// message is in its delivery report, a new *Message with the partition, the offset, the opaque and, if it failed, the
// error. The report goes to deliveryChan, or to Events if that is nil. A channel that is not read delays its own
// reports only.
//
// An error means that the message was not taken and gets no report: ErrInvalidArg for a nil message or no topic,
// ErrMsgSizeTooLarge over message.max.bytes, ErrQueueFull while queue.buffering.max.messages or .kbytes wait,
// ErrUnknownPartition and ErrUnknownTopic where the cluster said so before, ErrFatal after a fatal error of an
// idempotent producer, ErrState after Close.
func (p *Producer) Produce(msg *Message, deliveryChan chan Event) error {
	return p.produce(msg, deliveryChan, nil)
}

func (p *Producer) produce(msg *Message, ch chan Event, callback func(*Message, error)) error {
	if err := p.check(msg); err != nil {
		return err
	}
	// Callbacks that wait for Poll do not count as messages. But an application that never polls is to be told so, as
	// by the peer, rather than to run out of memory: so there may be as many of them, and no more.
	if p.calls.full.Load() {
		return errQueueFull
	}
	number, room := p.queue.reserve(len(msg.Value))
	if !room {
		p.release(len(msg.Value))
		return errQueueFull
	}
	m := order{msg: msg, ch: ch, callback: callback, timestamp: msg.Timestamp, at: p.clock()}
	if m.timestamp.IsZero() || m.timestamp.UnixMilli() == 0 { // the peer's 0 means now, too
		m.timestamp = p.wallClock.at(p.born, m.at)
	}
	if err := p.topic(*msg.TopicPartition.Topic).produce(m); err != nil {
		p.release(len(msg.Value))
		return err
	}
	if number%gatherSample == 0 {
		now := p.clock()
		p.gathering.sample(now-m.at, now)
	}
	p.hurry()
	return nil
}

// messageOverhead is what librdkafka adds to the size of a message when it compares it with message.max.bytes.
const messageOverhead = 36

// check says what is wrong with a message, or with producing it now.
func (p *Producer) check(msg *Message) error {
	if p.client.closed.Load() {
		return errClosed()
	}
	if msg == nil || msg.TopicPartition.Topic == nil || *msg.TopicPartition.Topic == "" {
		return newErrorf(ErrInvalidArg, "a message to produce must not be nil and needs a topic")
	}
	if p.idempotent && p.client.fatalError() != nil {
		return newError(ErrFatal)
	}
	if p.txn != nil {
		if err := p.txn.mayProduce(); err != nil {
			return err
		}
	}
	if size := len(msg.Key) + len(msg.Value) + headersSize(msg.Headers) + messageOverhead; size > p.maxMessage {
		return newError(ErrMsgSizeTooLarge)
	}
	return nil
}

// headersSize is the size of headers on the wire.
func headersSize(headers []Header) (n int) {
	for _, h := range headers {
		n += varintSize(len(h.Key)) + len(h.Key) + varintSize(len(h.Value)) + len(h.Value)
	}
	return n
}

// varintSize is the size of a length as a zigzag varint.
func varintSize(n int) (size int) {
	for v := uint64(n) << 1; ; v >>= 7 {
		size++
		if v < 1<<7 {
			return size
		}
	}
}

// release takes a message out of the queue: its report is where it was to go.
func (p *Producer) release(bytes int) {
	p.queue.release(bytes)
	p.room.send()
	if p.drained.listeners.Load() > 0 && p.queue.messages() == 0 {
		p.drained.send()
	}
}

// clock is the time since the producer was made.
func (p *Producer) clock() time.Duration { return time.Since(p.born) }

// wallClock tells the time of day of a moment on the producer's clock. To ask the system for both, for each message, takes
// twice as long as for one: so the time of day is asked for once in a millisecond.
type wallClock struct{ last atomic.Pointer[wallTime] }

// wallTime is one moment on both clocks.
type wallTime struct {
	clock time.Duration
	wall  time.Time // in UTC: it has no pointer that the garbage collector would follow
}

// at returns the time of day of a moment that is just over, of a clock that was zero at born.
func (w *wallClock) at(born time.Time, clock time.Duration) time.Time {
	t := w.last.Load()
	if t == nil || clock-t.clock >= time.Millisecond {
		now := time.Now()
		t = &wallTime{now.Sub(born), now.UTC()}
		w.last.Store(t)
	}
	return t.wall.Add(clock - t.clock)
}

// Events returns the channel of delivery reports (*Message) and of what the client has to say beside them: Error,
// *Stats, OAuthBearerTokenRefresh. These are for information. Close closes the channel. If nobody reads it, reports
// wait for room without holding up anything else, while of errors and statistics only the first 1000 wait.
func (p *Producer) Events() chan Event { return p.events.channel() }

// Logs returns the channel of log lines, nil unless go.logs.channel.enable is set.
func (p *Producer) Logs() chan LogEvent { return p.client.log.logs }

// String returns the producer's name: client.id, then #producer- and a number.
func (p *Producer) String() string { return p.client.name }

// IsClosed reports whether Close was called.
func (p *Producer) IsClosed() bool { return p.client.closed.Load() }

func (p *Producer) handle() *client { return p.client }

// GetFatalError returns the fatal error that ended the use of the producer, with the code of the error itself; nil
// while there is none.
func (p *Producer) GetFatalError() error {
	if err := p.client.verify(); err != nil {
		return err
	}
	return p.client.fatalError()
}

// TestFatalError makes the producer believe in a fatal error, for tests of an application. It returns ErrNoError, or
// ErrPrevInProgress if there has been a fatal error before, ErrState on a closed producer.
func (p *Producer) TestFatalError(code ErrorCode, str string) ErrorCode {
	if p.client.closed.Load() {
		return ErrState
	}
	if !p.setFatal(newErrorf(code, "test_fatal_error: %s", str)) {
		return ErrPrevInProgress
	}
	return ErrNoError
}

// setFatal makes an error fatal: it is told once, and what has not been sent is purged.
func (p *Producer) setFatal(err Error) bool {
	if !p.client.setFatal(err) {
		return false
	}
	p.purge(&errPurgeQueue, nil)
	return true
}

// getProducerID has an idempotent producer get its id at once, as librdkafka does. Of a broker that has none to give the
// engine would go on without idempotence.
func (p *Producer) getProducerID(ctx context.Context) {
	for try := 1; ; try++ {
		id, _, err := p.client.engine().ProducerID(ctx)
		if err == nil && id < 0 {
			p.setFatal(newErrorf(ErrUnsupportedFeature, "Idempotent producer not supported by any of the %d connected broker(s): requires Apache Kafka broker version >= 0.11.0", p.client.brokersUp()))
		}
		if err == nil || brokerRefused(err) || !sleep(ctx, p.client.backoff(try)) {
			return // an error that stays is the first message's
		}
	}
}

// failed looks at the error that a message failed with: with idempotence some leave no way on. It returns the error that
// the message is to be reported with.
func (p *Producer) failed(o *outgoing, err error) error {
	if !p.idempotent || p.client.closed.Load() {
		return err
	}
	if p.txn != nil {
		return p.txn.messageError(o, err)
	}
	var ke *kerr.Error
	switch {
	case errors.As(err, &ke) && fatalToIdempotence(ke):
		e := brokerError(ke).withCause(err)
		e.str = "Idempotent producer can't go on: " + ke.Message
		p.setFatal(e)
	case p.gapless:
		e := produceError(err)
		p.setFatal(newErrorf(ErrGaplessGuarantee, "A message failed, which leaves a gap: %s", e).withCause(err))
	}
	return err
}

// onEvent takes what the client has to tell beside reports: to the callback of its kind, else to Events.
func (p *Producer) onEvent(event Event) {
	switch e := event.(type) {
	case Error:
		if p.onError != nil {
			p.calls.put(call{run: func() { p.onError(e) }})
			return
		}
	case *Stats:
		if p.onStats != nil {
			p.calls.put(call{run: func() { p.onStats(e.statsJSON) }})
			return
		}
	}
	p.events.send(event, noReport)
}

// GetMetadata asks a broker about one topic; about all topics; or, with a nil topic and allTopics false, about those
// that this producer has used, which before the first are all. Asking for a topic may create it. It waits up to
// timeoutMs milliseconds, -1 without end: ErrTransport when no broker could be reached until then, ErrTimedOut when
// one did not answer.
func (p *Producer) GetMetadata(topic *string, allTopics bool, timeoutMs int) (*Metadata, error) {
	return p.client.getMetadata(topic, allTopics, timeoutMs)
}

// QueryWatermarkOffsets asks the partition's leader for its first offset and its end: under
// isolation.level=read_committed, which is the default, the end is the last stable offset. On a closed producer both
// are -1, on any other failure 0. Errors: ErrUnknownPartition, ErrAllBrokersDown when no broker could be reached in
// timeoutMs milliseconds, ErrTimedOut when one did not answer.
func (p *Producer) QueryWatermarkOffsets(topic string, partition int32, timeoutMs int) (low, high int64, err error) {
	return p.client.queryWatermarks(topic, partition, timeoutMs)
}

// OffsetsForTimes looks up, for every partition, the first offset whose timestamp is at or after the time that its
// Offset field holds in milliseconds: OffsetEnd where there is none. A partition that could not be looked up keeps
// what it came with and has its Error set; the call itself fails when none could. Other errors: ErrInvalidArg for an
// empty list, ErrAllBrokersDown and ErrTimedOut as with QueryWatermarkOffsets.
func (p *Producer) OffsetsForTimes(times []TopicPartition, timeoutMs int) (offsets []TopicPartition, err error) {
	return p.client.offsetsForTimes(times, timeoutMs)
}
