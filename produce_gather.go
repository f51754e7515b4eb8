package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// gathering has partitions keep messages until there are some that the engine gets one right after the other. What the engine
// and its promises need of a partition is then brought into the processor's caches once for all of them, and the engine,
// which makes a request of what all partitions have at the time, sends more messages of each.
//
// A message waits longer for it, so it is done only while the application spends much of its time in Produce, or has
// filled the queue: then it can't produce more until a message costs less. Partitions that a message comes to now and
// then do not take part.
//
// For everything else a message that was gathered is one that the engine has. Who is about to hold messages back, to give
// some up or to flush gives the engine what was gathered first.
type gathering struct {
	p          *Producer
	most       int32         // partitions that may gather at once; 0 for none
	lasts      time.Duration // a round: what was gathered waits for one to two of them
	few        uint8         // messages of a partition in a round that are too few
	begin, end float64       // the parts of a processor's time in Produce at which gathering begins and ends

	on    atomic.Bool
	round atomic.Uint32
	count atomic.Int32 // of parts

	hands sync.Mutex           // held by who goes through parts, so that nobody misses one; taken before a partition's
	mu    sync.Mutex           // guards all below; taken after a partition's
	busy  time.Duration        // spent in Produce in this window
	since time.Duration        // when the window began
	runs  bool                 // there is a goroutine
	parts []*producerPartition // that gather
}

const (
	gatherMessages = 16   // of a partition that the engine gets at once
	gatherBytes    = 1024 // of a message at most: for larger ones all this does not matter
	gatherFew      = 3    // see gathering.few
	gatherShare    = 4    // the part of the queue that may be gathered is one of so many

	gatherLingers = 5                     // times linger.ms is a round
	longestRound  = 25 * time.Millisecond // but no more than this
	gatherPause   = time.Millisecond      // without any message, in which all is given to the engine

	gatherBegin, gatherEnd = 0.5, 0.2 // see gathering; Produce takes less while messages are gathered

	// One call of Produce in so many is timed: a prime number, so that it isn't one partition's always. One that takes longer than
	// this was interrupted.
	gatherSample   = 61
	longestProduce = 20 * time.Microsecond
)

// gathered is what a partition keeps for it, with its lock.
type gathered struct {
	listed bool  // in gathering.parts
	n      uint8 // messages, the latest that are pushed, which the engine does not have yet
	since  uint8 // the round of the first of them
	round  uint8 // of the latest message
	came   uint8 // messages in that round; not counted beyond one more than are too few
	many   bool  // there were not too few in the round before
}

// configure makes it that of p. With linger.ms=0 no message is to wait, so none is gathered.
func (g *gathering) configure(p *Producer, linger time.Duration) {
	g.p, g.lasts = p, min(gatherLingers*linger, longestRound)
	g.few, g.begin, g.end = gatherFew, gatherBegin, gatherEnd
	if linger > 0 {
		share := min(p.queue.maxMessages, p.queue.maxBytes/gatherBytes) / gatherShare
		g.most = int32(share / gatherMessages)
	}
}

// sample takes in how long one call of Produce in gatherSample took, which is just over.
func (g *gathering) sample(took, now time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy += gatherSample * min(took, longestProduce)
	if g.most > 0 && !g.runs && now-g.since >= g.lasts && g.loadedLocked(now, g.begin) {
		g.startLocked()
	}
}

// loadedLocked reports whether the producer is under such load that messages should be gathered, and begins another window.
func (g *gathering) loadedLocked(now time.Duration, share float64) bool {
	busy, window := g.busy, now-g.since
	g.busy, g.since = 0, now
	if float64(busy) >= share*float64(window) {
		return true
	}
	messages, bytes := g.p.queue.now()
	return busy > 0 && (messages >= g.p.queue.maxMessages/2 || bytes >= g.p.queue.maxBytes/2)
}

func (g *gathering) startLocked() {
	g.runs = g.p.client.tasks.run(g.run)
	g.on.Store(g.runs)
}

// takes reports whether a message of that size is to be gathered. The partition, which it is for, is locked.
func (g *gathering) takes(part *producerPartition, size int) bool {
	if !g.on.Load() || size > gatherBytes || g.p.flushing.active.Load() > 0 {
		return false
	}
	return part.gathered.enough(uint8(g.round.Load()), g.few) && (part.gathered.listed || g.list(part))
}

// enough counts a message, and reports whether messages come often enough to wait for the next.
func (s *gathered) enough(round, few uint8) bool {
	if s.round != round {
		s.many = s.round+1 == round && s.came > few
		s.round, s.came = round, 0
	}
	if s.came <= few {
		s.came++
	}
	return s.many || s.came > few
}

// list adds a partition to those that gather, unless there are too many.
func (g *gathering) list(part *producerPartition) bool {
	if g.count.Load() >= g.most {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.runs {
		g.parts = append(g.parts, part)
		g.count.Add(1)
		part.gathered.listed = true
	}
	return g.runs
}

// run looks when to end it, and gives the engine what has waited long enough meanwhile.
func (g *gathering) run(ctx context.Context) {
	tick := time.NewTicker(gatherPause)
	defer tick.Stop()
	began, produced := g.p.clock(), uint64(0)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		last := produced
		produced = g.p.queue.in.Load()
		now := g.p.clock()
		if now-began >= g.lasts {
			began = now
			g.round.Add(1)
			g.mu.Lock()
			on := g.loadedLocked(now, g.end)
			g.on.Store(on)
			if !on && len(g.parts) == 0 {
				g.runs = false
				g.mu.Unlock()
				return
			}
			g.mu.Unlock()
			g.hand(!on)
		} else if produced == last {
			g.hand(true)
		}
	}
}

// hand gives the engine what was gathered: all, or what has waited since the round before the last.
func (g *gathering) hand(all bool) {
	g.hands.Lock()
	defer g.hands.Unlock()
	g.mu.Lock()
	parts := g.parts
	g.parts = nil
	g.mu.Unlock()
	round, left := uint8(g.round.Load()), parts[:0]
	for _, part := range parts {
		part.mu.Lock()
		if all || part.gathered.n == 0 || round-part.gathered.since >= 2 {
			part.handGatheredLocked()
			part.gathered.listed = false
		} else {
			left = append(left, part)
		}
		part.mu.Unlock()
	}
	g.mu.Lock()
	g.parts = append(left, g.parts...)
	g.count.Store(int32(len(g.parts)))
	g.mu.Unlock()
}

// gatherLocked adds a message that was just pushed, and gives the engine all if that is enough.
func (part *producerPartition) gatherLocked(o *outgoing) {
	s := &part.gathered
	if s.n == 0 {
		s.since = s.round
	}
	s.n++
	if s.n == gatherMessages || int(o.place()) == len(o.home.block.each)-1 {
		part.handGatheredLocked()
	}
}

// handGatheredLocked gives the engine what was gathered. It does so with the lock, as others may be producing to the partition.
func (part *producerPartition) handGatheredLocked() {
	n := part.gathered.n
	if n == 0 {
		return
	}
	part.gathered.n = 0
	last := &part.inEngine.last
	places := last.each[last.first+last.size-n:][:n]
	for i := range places {
		part.p.hand(&places[i], part.id)
	}
}
