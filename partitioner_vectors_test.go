package kafka

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// partitionerVector is a row of testdata/partitioner.tsv: what librdkafka's own functions choose for a key. The test of
// the same name in parity/ writes that file.
type partitionerVector struct {
	key        []byte
	partitions int
	chosen     map[string]int // by partitioner
}

func partitionerVectors(t *testing.T) (vectors []partitionerVector) {
	t.Helper()
	text, err := os.ReadFile("testdata/partitioner.tsv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	names := strings.Split(rows[0], "\t")[2:]
	for i, row := range rows[1:] {
		v := partitionerVector{chosen: map[string]int{}}
		f := strings.Split(row, "\t")
		if len(f) != 2+len(names) {
			t.Fatalf("row %d has %d fields", i+2, len(f))
		}
		switch {
		case f[0] == "nil":
		case f[0][0] == '"':
			s, err := strconv.Unquote(f[0])
			if err != nil {
				t.Fatalf("row %d: %v", i+2, err)
			}
			v.key = []byte(s)
		default:
			if v.key, err = hex.DecodeString(f[0][1:]); err != nil {
				t.Fatalf("row %d: %v", i+2, err)
			}
		}
		v.partitions = decimal(t, f[1])
		for j, name := range names {
			v.chosen[name] = decimal(t, f[2+j])
		}
		vectors = append(vectors, v)
	}
	return vectors
}

func decimal(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPartitionerVectors: our partitioners choose what librdkafka chooses, hash for hash.
func TestPartitionerVectors(t *testing.T) {
	t.Parallel()
	vectors := partitionerVectors(t)
	if len(vectors) < 10_000 {
		t.Errorf("%d keys, want 10,000", len(vectors))
	}
	counts := map[int]bool{}
	for _, v := range vectors {
		counts[v.partitions] = true
		for name, want := range v.chosen {
			for _, variant := range []string{name, name + "_random"} {
				p := partitioners[variant]
				if p.keyless(v.key) {
					if name == variant {
						t.Errorf("partitioner=%s does not hash the key %q", name, v.key)
					}
					continue // TestPartitionersWithoutKey
				}
				if got := p.pick(v.key, v.partitions, nil); got != want {
					t.Errorf("partitioner=%s chooses %d of %d for the key %q, librdkafka %d", variant, got, v.partitions, v.key, want)
				}
			}
		}
	}
	for n := 1; n <= 1024; n++ {
		if !counts[n] {
			t.Errorf("no vector with %d partitions", n)
		}
	}
}

// TestPartitionersWithoutKey: which keys go to any partition, and which partitions those are.
func TestPartitionersWithoutKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                     string
		missing, empty, anything bool // whether such keys are not hashed
	}{
		{"random", true, true, true},
		{"consistent", false, false, false},
		{"consistent_random", true, true, false},
		{"murmur2", false, false, false},
		{"murmur2_random", true, false, false},
		{"fnv1a", false, false, false},
		{"fnv1a_random", true, false, false},
	} {
		p, ok := partitioners[c.name]
		if !ok {
			t.Errorf("no partitioner %s", c.name)
			continue
		}
		if got := fmt.Sprint(p.keyless(nil), p.keyless([]byte{}), p.keyless([]byte("k"))); got != fmt.Sprint(c.missing, c.empty, c.anything) {
			t.Errorf("%s draws for a missing, an empty and another key: %s, want %v %v %v", c.name, got, c.missing, c.empty, c.anything)
		}
	}
	if len(partitioners) != 7 {
		t.Errorf("%d partitioners, want librdkafka's 7", len(partitioners))
	}

	// Without sticking every partition with a leader comes, about as often as the others, and none without.
	const n, draws = 10, 20_000
	lost := rand.IntN(n)
	var hits [n]int
	s := &stickyPartition{available: func(p int32) bool { return int(p) != lost }}
	for range draws {
		hits[partitioners["random"].pick(nil, n, s)]++
	}
	for i, h := range hits {
		want := draws / (n - 1)
		if i == lost {
			want = 0
		}
		if h < want*8/10 || h > want*12/10 {
			t.Errorf("partition %d (without leader: %d) was drawn %d times of %d, want about %d", i, lost, h, draws, want)
		}
	}
}

// TestStickyPartition: messages without a key stay on a partition for the time that is set, or until it has no leader.
func TestStickyPartition(t *testing.T) {
	t.Parallel()
	const n = 1000 // so that a new partition is hardly ever the old one
	var now time.Duration
	lost := int32(-1)
	s := &stickyPartition{
		linger: 10 * time.Millisecond, now: func() time.Duration { return now },
		available: func(p int32) bool { return p != lost },
	}
	pick := func() int { return partitioners["consistent_random"].pick(nil, n, s) }
	first := pick()
	for ; now < s.linger; now += time.Millisecond {
		if p := pick(); p != first {
			t.Fatalf("after %v another partition: %d, not %d", now, p, first)
		}
	}
	moved := 0
	for range 10 {
		before := s.partition
		now += s.linger
		if pick() != before {
			moved++
		}
	}
	if moved < 8 {
		t.Errorf("in 10 periods the partition changed %d times only", moved)
	}
	lost = int32(s.partition)
	if p := pick(); p == int(lost) {
		t.Errorf("still partition %d, which has no leader", p)
	}
	if p := s.pick(1, false); p != 0 {
		t.Errorf("partition %d of a topic with one", p)
	}
}
