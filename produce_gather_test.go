package kafka

import (
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
)

// newGatherer returns a producer that sends nothing before a Flush, and a partition of it that gathers, without the goroutine
// that would end that.
func newGatherer(t *testing.T, kv ...ConfigValue) (*Producer, *producerPartition) {
	t.Helper()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 3))
	conf := ConfigMap{"bootstrap.servers": c.Bootstrap, "log_level": 0, "linger.ms": 60000}
	for i := 0; i < len(kv); i += 2 {
		conf[kv[i].(string)] = kv[i+1]
	}
	p, err := NewProducer(&conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	topic := p.topic("orders")
	topic.grow(3)
	topic.known.Store(true)
	p.gathering.few, p.gathering.runs = 0, true
	p.gathering.on.Store(true)
	return p, (*topic.parts.Load())[0]
}

// produceTo produces n messages of that size.
func produceTo(t *testing.T, part *producerPartition, n, size int) {
	t.Helper()
	for range n {
		m := &Message{TopicPartition: TopicPartition{Topic: part.topicName, Partition: part.id}, Value: make([]byte, size)}
		if err := part.p.Produce(m, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// wantGathered checks how many messages wait in a partition, and how many the engine has.
func wantGathered(t *testing.T, part *producerPartition, gathered int, engine int64) {
	t.Helper()
	part.mu.Lock()
	defer part.mu.Unlock()
	if got, has := int(part.gathered.n), part.p.client.engine().BufferedProduceRecords(); got != gathered || has != engine {
		t.Errorf("%d messages are gathered and the engine has %d, want %d and %d", got, has, gathered, engine)
	}
}

// TestGather: messages wait until there are enough, and nobody who needs them to be with the engine misses them.
func TestGather(t *testing.T) {
	t.Parallel()
	t.Run("enough", func(t *testing.T) {
		t.Parallel()
		_, part := newGatherer(t)
		produceTo(t, part, gatherMessages-1, 10)
		wantGathered(t, part, gatherMessages-1, 0)
		produceTo(t, part, 1, 10)
		wantGathered(t, part, 0, gatherMessages)
		produceTo(t, part, smallBlock-gatherMessages, 10) // the block has no more places
		wantGathered(t, part, 0, smallBlock)
	})
	for name, do := range map[string]func(p *Producer, part *producerPartition){
		"pause":  func(p *Producer, _ *producerPartition) { p.gathering.hand(true) },
		"expire": func(p *Producer, part *producerPartition) { part.expire(p.clock(), time.Hour) },
		"accept": func(_ *Producer, part *producerPartition) {
			o := newOutgoing()
			o.take(order{msg: &Message{}}, "orders", nil, nil)
			_ = part.accept(o)
		},
		"age": func(p *Producer, _ *producerPartition) {
			p.gathering.round.Add(2)
			p.gathering.hand(false)
		},
		"a large message": func(p *Producer, part *producerPartition) { produceTo(t, part, 1, gatherBytes+1) },
		"gathering ends": func(p *Producer, part *producerPartition) {
			p.gathering.on.Store(false)
			produceTo(t, part, 1, 10)
		},
		"produce while flushing": func(p *Producer, part *producerPartition) {
			p.flushing.active.Add(1)
			produceTo(t, part, 1, 10)
			p.flushing.active.Add(-1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, part := newGatherer(t)
			produceTo(t, part, 5, 10)
			wantGathered(t, part, 5, 0)
			before := p.queue.messages()
			do(p, part)
			more := p.queue.messages() - before
			if name == "accept" {
				more = 1
			}
			wantGathered(t, part, 0, 5+more)
		})
	}
}

// TestGatherAge: what was gathered in one round is given to the engine two rounds later, and not before.
func TestGatherAge(t *testing.T) {
	t.Parallel()
	p, part := newGatherer(t)
	produceTo(t, part, 5, 10)
	p.gathering.round.Add(1)
	produceTo(t, part, 1, 10)
	p.gathering.hand(false)
	wantGathered(t, part, 6, 0)
	p.gathering.round.Add(1)
	p.gathering.hand(false)
	wantGathered(t, part, 0, 6)
	produceTo(t, part, 1, 10)
	wantGathered(t, part, 1, 6)
	if n := p.gathering.count.Load(); n != 1 {
		t.Errorf("%d partitions gather, want 1", n)
	}
}

// TestGatherHeldBack: a partition that holds messages back has given the engine what was produced before.
func TestGatherHeldBack(t *testing.T) {
	t.Parallel()
	p, part := newGatherer(t)
	produceTo(t, part, 5, 10)
	p.outage.Store(true)
	produceTo(t, part, 1, 10)
	wantGathered(t, part, 0, 5)
	part.mu.Lock()
	held := part.held.len()
	part.mu.Unlock()
	if held != 1 {
		t.Errorf("%d messages are held back, want 1", held)
	}
}

// TestGatherGivenUp: Purge and Close report what was gathered.
func TestGatherGivenUp(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(p *Producer){
		"Purge": func(p *Producer) { _ = p.Purge(PurgeQueue | PurgeInFlight) },
		"Close": func(p *Producer) { p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, part := newGatherer(t)
			produceTo(t, part, 5, 10)
			do(p)
			for range 5 {
				if m := (<-p.Events()).(*Message); m.TopicPartition.Error.(Error).code != ErrPurgeQueue {
					t.Errorf("report %v", m.TopicPartition)
				}
			}
		})
	}
}

// TestGatherShare: only so many partitions gather that most of the queue is left to others.
func TestGatherShare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		conf []ConfigValue
		want int32
	}{
		{nil, 1562},
		{[]ConfigValue{"linger.ms", 0}, 0},
		{[]ConfigValue{"queue.buffering.max.messages", 10}, 0},
		{[]ConfigValue{"queue.buffering.max.messages", 2 * gatherShare * gatherMessages}, 2},
		{[]ConfigValue{"queue.buffering.max.kbytes", gatherShare * gatherMessages}, 1},
	} {
		p, part := newGatherer(t, test.conf...)
		if p.gathering.most != test.want {
			t.Errorf("%v: %d partitions may gather, want %d", test.conf, p.gathering.most, test.want)
		}
		if test.want > 2 {
			continue
		}
		parts := *part.topic.parts.Load()
		for i, part := range parts {
			produceTo(t, part, 1, 10)
			part.mu.Lock()
			if got := part.gathered.n == 1; got != (i < int(test.want)) {
				t.Errorf("%v: partition %d gathers: %v", test.conf, i, got)
			}
			part.mu.Unlock()
		}
	}
}

// TestGatherRound: what was gathered waits no longer than in proportion to linger.ms.
func TestGatherRound(t *testing.T) {
	t.Parallel()
	for linger, want := range map[ConfigValue]time.Duration{"0.5": 2500 * time.Microsecond, 1: 5 * time.Millisecond, 5: longestRound, 60000: longestRound} {
		if p, _ := newGatherer(t, "linger.ms", linger); p.gathering.lasts != want {
			t.Errorf("linger.ms=%v: a round of %v, want %v", linger, p.gathering.lasts, want)
		}
	}
}

// TestGatherEnough: which partitions wait for more messages.
func TestGatherEnough(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		rounds []int // messages in each
		want   int   // in the last round, how many are gathered
	}{
		{"the first are too few", []int{3}, 0},
		{"until there are enough", []int{6}, 3},
		{"so many before", []int{4, 6}, 6},
		{"too few before", []int{3, 3}, 0},
		{"not only once", []int{4, 1, 1}, 0},
		{"long ago", []int{4, 0, 1}, 0},
		{"for long", []int{900, 900}, 900},
		{"once around", append([]int{2}, append(make([]int, 255), 3)...), 2}, // 256 rounds later it is taken for the same
	} {
		var s gathered
		got := 0
		for round, n := range test.rounds {
			got = 0
			for range n {
				if s.enough(uint8(round), 3) {
					got++
				}
			}
		}
		if got != test.want {
			t.Errorf("%s: %d are gathered, want %d", test.name, got, test.want)
		}
	}
}

// TestGatherLoad: when the producer begins to gather.
func TestGatherLoad(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		took   time.Duration // each call of Produce that is timed
		calls  int           // timed in a round
		queued int           // messages
		loaded bool
	}{
		{"half of the time in Produce", 5 * time.Microsecond, 42, 0, true},
		{"less", 5 * time.Microsecond, 38, 0, false},
		{"interrupted calls", time.Second, 3, 0, false},
		{"long calls", time.Second, 11, 0, true},
		{"the queue is half full", time.Nanosecond, 1, 50, true},
		{"the queue is not", time.Nanosecond, 1, 40, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, part := newGatherer(t, "queue.buffering.max.messages", 100)
			g := &p.gathering
			produceTo(t, part, test.queued, 10)
			began := p.clock()
			g.mu.Lock()
			g.busy, g.since = 0, began // without those that this test has produced
			g.mu.Unlock()
			for range test.calls {
				g.sample(test.took, began)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			if got := g.loadedLocked(began+longestRound, g.begin); got != test.loaded {
				t.Errorf("gathers: %v, want %v", got, test.loaded)
			}
		})
	}
}

// TestGatherStart: it begins at the end of a round under load, and not before.
func TestGatherStart(t *testing.T) {
	t.Parallel()
	p, _ := newGatherer(t)
	g := &p.gathering
	g.runs, g.begin, g.end = false, 0, 0 // any load will do
	g.on.Store(false)
	for _, test := range []struct {
		at   time.Duration
		want bool
	}{{longestRound - 1, false}, {longestRound, true}} {
		g.sample(0, g.since+test.at)
		if got := g.on.Load(); got != test.want {
			t.Errorf("after %v it gathers: %v, want %v", test.at, got, test.want)
		}
	}
}

// TestGatherQueueFull: a queue that stays full, and that nothing is added to, is not gathered for.
func TestGatherQueueFull(t *testing.T) {
	t.Parallel()
	p, part := newGatherer(t, "queue.buffering.max.messages", 100)
	produceTo(t, part, 100, 10)
	g := &p.gathering
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = 0
	if g.loadedLocked(p.clock()+longestRound, g.end) {
		t.Error("nobody produces, and yet messages are to be gathered")
	}
}
