package testcluster

import (
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	t.Parallel()
	c := New(t, 3, Topic("orders", 7))
	if n := len(strings.Split(c.Bootstrap, ",")); n != 3 {
		t.Errorf("%d addresses in %q, want 3", n, c.Bootstrap)
	}
	if n := len(c.PartitionInfos("orders")); n != 7 {
		t.Errorf("orders has %d partitions, want 7", n)
	}
}
