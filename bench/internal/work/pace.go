package work

import (
	"encoding/binary"
	"runtime"
	"time"
)

// EveryMillisecond calls send with a value that begins with the time, a thousand times a second, until done is closed.
func EveryMillisecond(done <-chan struct{}, send func(value []byte), size int) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			value := make([]byte, max(size, 8))
			binary.BigEndian.PutUint64(value, uint64(time.Now().UnixNano()))
			send(value)
		case <-done:
			return
		}
	}
}

// Settle lets what was started come to rest.
func Settle() {
	time.Sleep(2 * time.Second)
	runtime.GC()
}

// Idle does nothing for the job's time.
func Idle(j *Job) { time.Sleep(time.Duration(j.Seconds) * time.Second) }
