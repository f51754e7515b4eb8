package kafka

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendJSON appends a value as encoding/json has it: structs by their tags, maps with strings for keys, slices, pointers,
// strings, bools and numbers, fractions with three digits. A client writes no other JSON than statistics and the tokens
// for tests, for which encoding/json would make every program 180 KB larger.
func appendJSON(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return append(b, "null"...)
		}
	}
	switch v.Kind() {
	case reflect.String:
		return appendJSONString(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Float64:
		return strconv.AppendFloat(b, v.Float(), 'f', 3, 64)
	case reflect.Pointer, reflect.Interface:
		return appendJSON(b, v.Elem())
	case reflect.Struct:
		return appendJSONStruct(b, v)
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			b = appendJSON(appendComma(b, '['), v.Index(i))
		}
		return append(b, ']')
	case reflect.Map:
		b = append(b, '{')
		var keys []string
		for it := v.MapRange(); it.Next(); {
			keys = append(keys, it.Key().String())
		}
		slices.Sort(keys)
		for _, k := range keys {
			b = append(appendJSONString(appendComma(b, '{'), k), ':')
			b = appendJSON(b, v.MapIndex(reflect.ValueOf(k)))
		}
		return append(b, '}')
	}
	panic("kafka: no JSON of a " + v.Kind().String())
}

func appendJSONStruct(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	for i := range v.NumField() {
		name, omitEmpty := strings.CutSuffix(v.Type().Field(i).Tag.Get("json"), ",omitempty")
		if omitEmpty && v.Field(i).IsNil() {
			continue
		}
		b = append(appendJSONString(appendComma(b, '{'), name), ':')
		b = appendJSON(b, v.Field(i))
	}
	return append(b, '}')
}

// appendComma appends a comma unless an object or list has just begun.
func appendComma(b []byte, begin byte) []byte {
	if b[len(b)-1] == begin {
		return b
	}
	return append(b, ',')
}

func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // what is no UTF-8 becomes utf8.RuneError
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&0xf])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
