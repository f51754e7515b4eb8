package kafka

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// partitioner is one of the seven that librdkafka knows. A key is hashed over all partitions of the topic, so that it
// stays where it is while a leader is away; without a key (see keyless) only those with a leader are chosen.
type partitioner struct {
	hash func(key []byte) uint32 // nil: always at random
	// keyless are the keys that are not hashed.
	keyless func(key []byte) bool
}

func noKey(key []byte) bool         { return key == nil }
func noOrEmptyKey(key []byte) bool  { return len(key) == 0 }
func alwaysHashed(key []byte) bool  { return false }
func alwaysKeyless(key []byte) bool { return true }

// partitioners by the value of the property. Which of them hash a missing or an empty key is an accident of
// librdkafka's history that programs depend on.
var partitioners = map[string]partitioner{
	"random":            {nil, alwaysKeyless},
	"consistent":        {crc32.ChecksumIEEE, alwaysHashed},
	"consistent_random": {crc32.ChecksumIEEE, noOrEmptyKey},
	"murmur2":           {murmur2, alwaysHashed},
	"murmur2_random":    {murmur2, noKey},
	"fnv1a":             {fnv1a, alwaysHashed},
	"fnv1a_random":      {fnv1a, noKey},
}

// pick returns the partition among n for a message of that key and size. now is the time on the producer's clock.
func (p partitioner) pick(key []byte, size, n int, now time.Duration, sticky *stickyPartition) int {
	if p.keyless(key) {
		// The peer's random partitioner is sticky for messages without a key only.
		return sticky.pick(size, n, now, p.hash == nil && key != nil)
	}
	return int(p.hash(key) % uint32(n))
}

// murmur2 is the hash of the Java client, with its sign bit cut off as there.
func murmur2(key []byte) uint32 {
	const m, r = 0x5bd1e995, 24
	h := uint32(0x9747b28c) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		h = h*m ^ (k^k>>r)*m
	}
	for i := len(key) - 1; i >= 0; i-- {
		h ^= uint32(key[i]) << (8 * i)
	}
	if len(key) > 0 {
		h *= m
	}
	h = (h ^ h>>13) * m
	return (h ^ h>>15) & 0x7fffffff
}

// fnv1a is the 32-bit FNV-1a hash, of which librdkafka takes the absolute value as a signed number.
func fnv1a(key []byte) uint32 {
	h := uint32(0x811c9dc5)
	for _, b := range key {
		h = (h ^ uint32(b)) * 0x01000193
	}
	if h>>31 != 0 {
		h = -h
	}
	return h
}

// stickyBytes is how many bytes of large messages go to a partition before the next one's turn. A quarter of the largest
// batch: several partitions then have something for the same request.
const stickyBytes = 256 << 10

// stickyPartition is the partition of a topic that messages without a key go to, until it has been used for
// sticky.partitioning.linger.ms or has no leader any more. Where the application has not set that property, enough large
// messages end that, too: with all of them in one partition the requests to a broker would hold one batch each.
type stickyPartition struct {
	linger    time.Duration              // 0: a new partition for every message
	batch     int64                      // bytes of large messages that are enough; 0: they do not count
	available func(partition int32) bool // whether it has a leader

	chosen atomic.Pointer[stickyChoice]
	mu     sync.Mutex // held to replace chosen
}

// stickyChoice is a partition, and until when it is good.
type stickyChoice struct {
	partition      int
	until, checked time.Duration // at checked it is to be looked whether it still has a leader
	bytes          atomic.Int64  // of large messages that went there
}

// good reports whether there is a choice that is one of n partitions and not over.
func (c *stickyChoice) good(n int, now time.Duration) bool {
	return c != nil && c.partition < n && now < c.until
}

// full notes a message, and reports whether there was no room for it any more.
func (c *stickyChoice) full(size int, batch int64) bool {
	return batch > 0 && size > smallBytes && c.bytes.Add(int64(size)) > batch
}

// leaderCheck is how often to look whether the sticky partition still has a leader.
const leaderCheck = time.Millisecond

func (s *stickyPartition) pick(size, n int, now time.Duration, random bool) int {
	switch {
	case n == 1:
		return 0
	case random || s.linger == 0:
		return s.draw(n)
	}
	old := s.chosen.Load()
	full := old != nil && old.full(size, s.batch)
	if !full && old.good(n, now) && now < old.checked {
		return old.partition
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chosen.Load()
	switch {
	case !c.good(n, now) || full && c == old || now >= c.checked && !s.available(int32(c.partition)):
		c = &stickyChoice{partition: s.draw(n), until: now + s.linger, checked: now + leaderCheck}
	case now >= c.checked:
		bytes := c.bytes.Load()
		c = &stickyChoice{partition: c.partition, until: c.until, checked: now + leaderCheck}
		c.bytes.Store(bytes)
	}
	s.chosen.Store(c)
	return c.partition
}

// draw returns a partition at random: one with a leader, if there is any.
func (s *stickyPartition) draw(n int) int {
	first := rand.IntN(n)
	if s.available(int32(first)) {
		return first
	}
	var with []int
	for i := range n {
		if s.available(int32(i)) {
			with = append(with, i)
		}
	}
	if len(with) == 0 {
		return first
	}
	return with[rand.IntN(len(with))]
}

// enginePartitioner tells the engine the partition that Produce chose, and learns from it how many there are.
type enginePartitioner struct{ p *Producer }

func (e enginePartitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return engineTopicPartitioner{e.p.topic(topic)}
}

type engineTopicPartitioner struct{ t *producerTopic }

// RequiresConsistency makes the engine offer all partitions, those without a leader included.
func (engineTopicPartitioner) RequiresConsistency(*kgo.Record) bool { return true }

// Partition is called with the engine's lock of the topic held.
func (e engineTopicPartitioner) Partition(r *kgo.Record, n int) int {
	o := r.Context.(*outgoing)
	if n > e.t.count() {
		e.t.grow(n)
	}
	if int(o.part.id) >= n {
		o.part.gone.Store(true) // the topic was made anew with fewer partitions
	}
	return int(o.part.id)
}
