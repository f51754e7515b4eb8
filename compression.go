package kafka

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// compression is how batches are compressed: by the codec of the topics, or else the global one. gzip and snappy are the
// engine's. Its lz4 and zstd have larger blocks and checksums that a batch has already: they cost twice the time.
//
// The engine compresses in the goroutine that writes to the broker, never in the application's.
func compression(s *settings) kgo.Opt {
	name := s.str("topic.compression.codec")
	if name == "inherit" {
		name = s.str("compression.codec")
	}
	level := s.num("compression.level")
	switch name {
	case "gzip":
		return kgo.ProducerBatchCompression(kgo.GzipCompression().WithLevel(gzipLevel(level)))
	case "snappy":
		return kgo.ProducerBatchCompression(kgo.SnappyCompression())
	case "lz4":
		return kgo.WithCompressor(newLZ4(level))
	case "zstd":
		return kgo.WithCompressor(newZstd(level))
	}
	return kgo.ProducerBatchCompression(kgo.NoCompression())
}

// gzipLevel is the engine's level: it takes 0 for its default, and the least that it can do is 1.
func gzipLevel(level int) int {
	if level == 0 {
		return 1
	}
	return min(level, 9)
}

// lz4Compressor is a kgo.Compressor that makes lz4 frames of independent blocks, as librdkafka does.
type lz4Compressor struct {
	encoders sync.Pool // of lz4Encoder
	header   []byte    // of a frame
	block    int       // the size of one, uncompressed
}

// lz4Encoder compresses one block. It returns 0 or an error if the result does not fit into dst.
type lz4Encoder interface {
	CompressBlock(src, dst []byte) (int, error)
}

// The first bytes of a frame: magic number, version 1 with independent blocks and without checksums, the largest block,
// and a checksum of the two bytes before.
const (
	lz4Header64K  = "\x04\x22\x4d\x18\x60\x40\x82"
	lz4Header256K = "\x04\x22\x4d\x18\x60\x50\xfb"
)

// newLZ4 makes the compressor for a level. Those below 3 are all the fast one, which makes what the C library makes,
// byte for byte. From 3 on each level looks at twice as many earlier places as the one below; the block of 256 KiB is
// what it takes to compress no less than the C library does.
func newLZ4(level int) *lz4Compressor {
	if level < 3 {
		return &lz4Compressor{header: []byte(lz4Header64K), block: 64 << 10,
			encoders: sync.Pool{New: func() any { return &lz4.CompressorCCompat{} }}}
	}
	depth := lz4.CompressionLevel(1) << min(level, 12)
	return &lz4Compressor{header: []byte(lz4Header256K), block: 256 << 10,
		encoders: sync.Pool{New: func() any { return &lz4.CompressorHC{Level: depth} }}}
}

// Compress is part of kgo.Compressor.
func (c *lz4Compressor) Compress(dst *bytes.Buffer, src []byte, _ ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	const (
		sizeBytes = 4       // before each block, and the end mark
		asItIs    = 1 << 31 // in the size of a block that is not compressed
	)
	encoder := c.encoders.Get().(lz4Encoder)
	defer c.encoders.Put(encoder)
	dst.Grow(len(c.header) + (len(src)/c.block+2)*sizeBytes + len(src))
	out := append(dst.AvailableBuffer(), c.header...)
	for len(src) > 0 {
		block := src[:min(len(src), c.block)]
		src = src[len(block):]
		at := len(out) + sizeBytes
		room := out[at : at+len(block)]
		n, err := encoder.CompressBlock(block, room[:len(block)-1])
		size := uint32(n)
		if err != nil || n == 0 {
			n = copy(room, block)
			size = uint32(n) | asItIs
		}
		out = binary.LittleEndian.AppendUint32(out, size)[:at+n]
	}
	return append(out, 0, 0, 0, 0), kgo.CodecLz4
}

// zstdWindow is how far back zstd looks for what comes again: over the whole of a batch of the default batch.size, as
// librdkafka's does.
const zstdWindow = 1 << 20

// zstdEncoders are encoders by level, for all producers together: one has some megabytes.
var zstdEncoders [zstd.SpeedBestCompression + 1]sync.Pool

// zstdEncode puts src compressed into dst, whose content stays what it is.
func zstdEncode(level zstd.EncoderLevel, dst *bytes.Buffer, src []byte) []byte {
	e, _ := zstdEncoders[level].Get().(*zstd.Encoder)
	if e == nil {
		var err error
		// No checksum, as the batch has one. An encoder belongs to one goroutine at a time.
		e, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false),
			zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // an option is not valid
		}
	}
	defer zstdEncoders[level].Put(e)
	dst.Grow(e.MaxEncodedSize(len(src)))
	return e.EncodeAll(src, dst.AvailableBuffer())
}

// newZstd makes the compressor for a level: the one of the encoder's four that comes closest.
func newZstd(level int) kgo.Compressor {
	switch {
	case level <= 0 || level == 3: // 0 is zstd's own default, 3
		return &zstdAuto{}
	case level < 3:
		return zstdFixed(zstd.SpeedFastest)
	case level < 6:
		return zstdFixed(zstd.SpeedDefault)
	case level < 10:
		return zstdFixed(zstd.SpeedBetterCompression)
	}
	return zstdFixed(zstd.SpeedBestCompression)
}

// zstdFixed is a kgo.Compressor of one level.
type zstdFixed zstd.EncoderLevel

// Compress is part of kgo.Compressor.
func (c zstdFixed) Compress(dst *bytes.Buffer, src []byte, flags ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	if noZstd(flags) {
		return src, kgo.CodecNone
	}
	return zstdEncode(zstd.EncoderLevel(c), dst, src), kgo.CodecZstd
}

// zstdAuto is a kgo.Compressor for zstd's default level. Go's encoder needs half as long again as the C library for as
// good a result. With less effort it is as fast, and with many messages, as JSON, the result is still the same; with
// others, as prose, it is a tenth larger. So now and then a batch is compressed both ways, and the faster one is used
// while it makes as little of them, but for a hundredth.
type zstdAuto struct {
	mu         sync.Mutex // guards all below
	batches    int
	fast, good int // what became of the batches that were compressed both ways; the latest count most
}

const (
	zstdProbe = 61            // one batch of these is compressed both ways; a prime, so that it's not always the same partition's
	zstdKnown = 8 << 10       // the least that became of batches before they tell something
	zstdKept  = 2 * zstdKnown // more than that makes the older ones count half
)

// Compress is part of kgo.Compressor.
func (c *zstdAuto) Compress(dst *bytes.Buffer, src []byte, flags ...kgo.CompressFlag) ([]byte, kgo.CompressionCodecType) {
	if noZstd(flags) {
		return src, kgo.CodecNone
	}
	level, probe := c.next()
	if !probe {
		return zstdEncode(level, dst, src), kgo.CodecZstd
	}
	fast := len(zstdEncode(zstd.SpeedFastest, dst, src))
	out := zstdEncode(zstd.SpeedDefault, dst, src)
	c.compare(fast, len(out))
	return out, kgo.CodecZstd
}

// next returns the level for the next batch, or that it is to be compressed both ways.
func (c *zstdAuto) next() (level zstd.EncoderLevel, probe bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	switch {
	case c.good < zstdKnown || c.batches%zstdProbe == 0:
		return 0, true
	case c.fast <= c.good+c.good/100:
		return zstd.SpeedFastest, false
	}
	return zstd.SpeedDefault, false
}

// compare notes what became of a batch.
func (c *zstdAuto) compare(fast, good int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.good > zstdKept {
		c.fast, c.good = c.fast/2, c.good/2
	}
	c.fast += fast
	c.good += good
}

// noZstd reports whether the broker is too old for zstd, so that batches go as they are.
func noZstd(flags []kgo.CompressFlag) bool { return slices.Contains(flags, kgo.CompressDisableZstd) }
