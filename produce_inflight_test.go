package kafka

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// TestBlockLayout: every message on its way begins with a cache line, and takes three; what Produce needs of a partition is one.
func TestBlockLayout(t *testing.T) {
	t.Parallel()
	const line = unsafe.Sizeof(cacheLine{})
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the layout is one for pointers of 64 bits")
	}
	for _, large := range []bool{false, true} {
		b := newBlock(large)
		for i := range b.each {
			if off := uintptr(unsafe.Pointer(&b.each[i])) % line; off != 0 {
				t.Fatalf("large %v: message %d is %d bytes behind the beginning of a cache line", large, i, off)
			}
		}
	}
	if size := unsafe.Sizeof(outgoing{}); size != 3*line {
		t.Errorf("a message takes %d bytes, want %d", size, 3*line)
	}
	// An allocation of four lines begins with one.
	var part producerPartition
	if size := unsafe.Sizeof(part); size != 4*line {
		t.Errorf("a partition takes %d bytes, want %d", size, 4*line)
	}
	if from, to := unsafe.Offsetof(part.mu), unsafe.Offsetof(part.inEngine)+unsafe.Offsetof(part.inEngine.head); from != line || to != 2*line {
		t.Errorf("what Produce needs of a partition takes bytes %d to %d, want the second cache line", from, to)
	}
}

// TestInFlight: whatever partitions do with the blocks that they share, each has exactly its own messages without a report,
// in order, and what it remembers does not grow with what is delivered.
func TestInFlight(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{{1}, {1, 1}, {100, 1}, slices.Repeat([]int{1}, 30)} {
		random := rand.New(rand.NewPCG(1, uint64(len(weights))))
		var (
			b     blocks
			q     = produceQueue{maxMessages: 1 << 20, maxBytes: 1 << 30}
			parts = make([]inFlight, len(weights))
			want  = make([][]*outgoing, len(weights))
			whose []int // a partition as often as its weight
			owned bool  // the first one had a block of its own
		)
		for i, w := range weights {
			whose = append(whose, slices.Repeat([]int{i}, w)...)
		}
		for step := range 50_000 {
			i := whose[random.IntN(len(whose))]
			switch {
			case i > 0 && i == len(weights)-1 && len(want[i]) > 0: // the last one is stuck with its first message
			case len(want[i]) < 40+step%200 && random.IntN(2) == 0:
				o := parts[i].take(&b, &q, nil, false)
				parts[i].push(o)
				owned = owned || parts[0].own != nil
				want[i] = append(want[i], o)
			case len(want[i]) > 0:
				o := want[i][0]
				want[i] = want[i][1:]
				if random.IntN(100) > 0 {
					if !o.goesTo(msgInEngine, msgDelivered) {
						t.Fatal("a message that waits for its report is in another state")
					}
					b.delivered(o.home.block)
				} else if o.goesTo(msgInEngine, msgGivenUp) {
					parts[i].remove(o)
				}
			}
			if step%100 > 0 {
				continue
			}
			b.settle()
			for i := range parts {
				var got []*outgoing
				parts[i].each(&b, func(o *outgoing, _ uint32) bool { got = append(got, o); return true })
				if !slices.Equal(got, want[i]) {
					t.Fatalf("weights %v, step %d: partition %d has %d messages, want %d, or in another order", weights, step, i, len(got), len(want[i]))
				}
				if runs := len(parts[i].runs) - parts[i].head; runs > len(want[i]) {
					t.Fatalf("weights %v, step %d: partition %d remembers %d runs for %d messages", weights, step, i, runs, len(want[i]))
				}
			}
		}
		if weights[0] == 100 && !owned {
			t.Error("a partition with nearly all messages never had a block of its own")
		}
	}
}

// TestInFlightStuck: messages that are not delivered for long, one here and one there, do not each keep a block.
func TestInFlightStuck(t *testing.T) {
	t.Parallel()
	const messages = 10_000
	var (
		b     blocks
		q     = produceQueue{maxMessages: 1 << 20, maxBytes: 1 << 30}
		parts [100]inFlight
		kept  = map[*outgoingBlock]bool{}
	)
	for range messages {
		for i := range parts {
			o := parts[i].take(&b, &q, nil, false)
			parts[i].push(o)
			if i == 0 {
				kept[o.home.block] = true
				continue
			}
			o.goesTo(msgInEngine, msgDelivered)
			b.delivered(o.home.block)
		}
	}
	if n := parts[0].len(&b); n != messages {
		t.Errorf("%d messages wait for their reports, want %d", n, messages)
	}
	if most := messages/smallBlock + 2*mostRuns; len(kept) > most {
		t.Errorf("%d messages of a partition keep %d blocks, want at most %d", messages, len(kept), most)
	}
}

// TestInFlightFull: with many messages of each partition waiting, none of them long, partitions go on to share blocks.
func TestInFlightFull(t *testing.T) {
	t.Parallel()
	var (
		b     blocks
		q     = produceQueue{maxMessages: 1 << 20, maxBytes: 1 << 30}
		parts [100]inFlight
		queue []*outgoing
	)
	for range 10 * mostRuns {
		for i := range parts {
			o := parts[i].take(&b, &q, nil, false)
			parts[i].push(o)
			if parts[i].own != nil {
				t.Fatalf("with %d messages under way a partition has a block of its own", len(queue))
			}
			if queue = append(queue, o); len(queue) > 3*mostRuns*len(parts) {
				queue[0].goesTo(msgInEngine, msgDelivered)
				b.delivered(queue[0].home.block)
				queue = queue[1:]
			}
		}
	}
}

// TestInFlightTogether: goroutines that produce to partitions of one block at once get each a place of their own, and what came
// with a message stays with it.
func TestInFlightTogether(t *testing.T) {
	t.Parallel()
	var (
		b      blocks
		q      = produceQueue{maxMessages: 1 << 20, maxBytes: 1 << 30}
		topic  = "t"
		taken  sync.Map // *outgoing → bool
		all    sync.WaitGroup
		shared atomic.Int64
	)
	for worker := range 8 {
		all.Go(func() {
			ch := make(chan Event)
			parts := make([]inFlight, 50)
			for i := range 5_000 {
				part := &parts[i%len(parts)]
				called := false
				m := order{msg: &Message{TopicPartition: TopicPartition{Topic: &topic}, Opaque: [2]int{worker, i}}, ch: ch}
				if i%3 == 0 {
					m.ch, m.callback = nil, func(*Message, error) { called = true }
				}
				o := part.take(&b, &q, m.ch, false)
				o.take(m, topic, nil, nil)
				part.push(o)
				if part.own == nil {
					shared.Add(1)
				}
				if _, twice := taken.LoadOrStore(o, true); twice {
					t.Error("two messages have one place")
				}
				to, callback := o.destination()
				if callback != nil {
					callback(nil, nil)
				}
				if to != m.ch || called != (m.callback != nil) || o.more().opaque != m.msg.Opaque {
					t.Errorf("message %d of %d got another's channel, callback or opaque", i, worker)
				}
			}
		})
	}
	all.Wait()
	if shared.Load() == 0 {
		t.Error("no block was shared")
	}
}
