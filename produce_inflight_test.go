package kafka

import (
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
