package kafka

import (
	"encoding/base64"
	"encoding/binary"
)

// UUID is Kafka's unique id, of topics for one. The zero value is no id.
type UUID struct {
	mostSignificantBits  int64
	leastSignificantBits int64
	base64               string
}

func uuidFrom(b [16]byte) UUID {
	return UUID{
		mostSignificantBits:  int64(binary.BigEndian.Uint64(b[:8])),
		leastSignificantBits: int64(binary.BigEndian.Uint64(b[8:])),
		base64:               base64.RawStdEncoding.EncodeToString(b[:]),
	}
}

// String returns the id in Base64 without padding; of the zero value "".
func (uuid UUID) String() string { return uuid.base64 }

// GetMostSignificantBits returns the first 64 of the 128 bits.
func (uuid UUID) GetMostSignificantBits() int64 { return uuid.mostSignificantBits }

// GetLeastSignificantBits returns the last 64 of the 128 bits.
func (uuid UUID) GetLeastSignificantBits() int64 { return uuid.leastSignificantBits }
