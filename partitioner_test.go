package kafka

import (
	"hash/crc32"
	"hash/fnv"
	"math"
	"testing"
	"time"
)

// The vectors are those of Java's client, which librdkafka checks itself with too.
func TestMurmur2(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]uint32{
		"":                                       275646681,
		"kafka":                                  0xd067cf64,
		"giberish123456789":                      0x8f552b0c,
		"1234":                                   0x9fc97b14,
		"234":                                    0xe7c009ca,
		"34":                                     0x873930da,
		"4":                                      0x5a4b5ca1,
		"PreAmbleWillBeRemoved,ThePrePartThatIs": 0x78424f1c,
		"reAmbleWillBeRemoved,ThePrePartThatIs":  0x4a62b377,
		"eAmbleWillBeRemoved,ThePrePartThatIs":   0xe0e4e09e,
		"AmbleWillBeRemoved,ThePrePartThatIs":    0x62b8b43f,
	} {
		if got := murmur2([]byte(key)); got != want&math.MaxInt32 {
			t.Errorf("murmur2(%q) is %#x, want %#x", key, got, want&math.MaxInt32)
		}
	}
}

func TestFNV1a(t *testing.T) {
	t.Parallel()
	negative := 0
	for i := range 1000 {
		key := make([]byte, i%40)
		for j := range key {
			key[j] = byte(i*37 + j*101)
		}
		h := fnv.New32a()
		_, _ = h.Write(key)
		want := h.Sum32()
		if int32(want) < 0 {
			want = uint32(-int32(want))
			negative++
		}
		if got := fnv1a(key); got != want {
			t.Errorf("fnv1a(%x) is %#x, want %#x", key, got, want)
		}
	}
	if negative == 0 || negative == 1000 {
		t.Errorf("%d of 1000 hashes were negative: the sign is not tested", negative)
	}
}

// TestPartitionerKeys: which keys are hashed, and which go to the sticky partition or anywhere.
func TestPartitionerKeys(t *testing.T) {
	t.Parallel()
	const hashed, sticky, random = "hashed", "sticky", "random"
	for _, c := range []struct {
		name             string
		hash             func([]byte) uint32
		null, empty, key string
	}{
		{"random", nil, sticky, random, random},
		{"consistent", crc32.ChecksumIEEE, hashed, hashed, hashed},
		{"consistent_random", crc32.ChecksumIEEE, sticky, sticky, hashed},
		{"murmur2", murmur2, hashed, hashed, hashed},
		{"murmur2_random", murmur2, sticky, hashed, hashed},
		{"fnv1a", fnv1a, hashed, hashed, hashed},
		{"fnv1a_random", fnv1a, sticky, hashed, hashed},
	} {
		for _, k := range []struct {
			key  []byte
			want string
		}{{nil, c.null}, {[]byte{}, c.empty}, {[]byte("k"), c.key}} {
			const n = 97
			s := &stickyPartition{linger: time.Hour, available: func(int32) bool { return true }}
			seen := map[int]bool{}
			for range 100 {
				seen[partitioners[c.name].pick(k.key, 0, n, 0, s)] = true
			}
			got := random
			switch {
			case len(seen) > 1:
			case s.chosen.Load() != nil:
				got = sticky
			case c.hash != nil && seen[int(c.hash(k.key)%n)]:
				got = hashed
			}
			if got != k.want {
				t.Errorf("%s with key %#v: %s (%v), want %s", c.name, k.key, got, seen, k.want)
			}
		}
	}
}

func TestStickyPartition(t *testing.T) {
	t.Parallel()
	now, leaders := time.Duration(0), map[int32]bool{}
	for i := range int32(50) {
		leaders[i] = true
	}
	s := &stickyPartition{linger: 10 * time.Millisecond, available: func(p int32) bool { return leaders[p] }}
	first := s.pick(0, 50, now, false)
	now = 9 * time.Millisecond
	if p := s.pick(0, 50, now, false); p != first {
		t.Errorf("partition %d within the linger time, want %d as before", p, first)
	}
	seen := map[int]bool{}
	for range 50 {
		now += 10 * time.Millisecond
		seen[s.pick(0, 50, now, false)] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d partitions in 50 draws", len(seen))
	}
	now += time.Millisecond
	leaders = map[int32]bool{3: true}
	if p := s.pick(0, 50, now, false); p != 3 {
		t.Errorf("partition %d, want 3, the only one with a leader", p)
	}
	now += time.Millisecond
	leaders = nil
	if p := s.pick(0, 50, now, false); p < 0 || p >= 50 {
		t.Errorf("partition %d without any leader", p)
	}
	leaders = map[int32]bool{3: true, 4: true}
	s.batch = 10_000
	seen = map[int]bool{}
	for range 64 { // all within the linger time
		for range 10 {
			seen[s.pick(1000, 50, now, false)] = true
		}
	}
	if !seen[3] || !seen[4] {
		t.Errorf("partitions %v for 64 full batches, want 3 and 4", seen)
	}
	first = s.pick(1000, 50, now, false)
	for i := range 100_000 {
		if p := s.pick(smallBytes, 50, now, false); p != first {
			t.Fatalf("partition %d for small message %d, want %d as before", p, i, first)
		}
	}
	leaders, s.linger = nil, 0
	seen = map[int]bool{}
	for range 200 {
		seen[s.pick(0, 50, now, false)] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d of 50 partitions in 200 draws without linger", len(seen))
	}
}

func BenchmarkPartitioners(b *testing.B) {
	key := []byte("customer-4711")
	for name, p := range partitioners {
		s := &stickyPartition{linger: time.Hour, available: func(int32) bool { return true }}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.pick(key, 0, 12, 0, s)
			}
		})
	}
}
