package reach

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"reflect"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// A Reader that works leaves the memory of the Chart it comes from as it was, for
// what two write to at the same time neither may rely on. The race detector sees
// that only where both happen to write in one run. The Chart has worked out a part
// before, so that there are lists with room left.
func TestReaderWritesToItsOwn(t *testing.T) {
	s := generate.Cluster(generate.Medium, 3)
	withIPv6(s)
	for name, c := range map[string]*Chart{
		"compiled": Compile(compileSnapshot(t, s)),
		"replaced": replacedChart(t, s),
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range []family{0, 1} {
				askALittle(c, f)
			}
			imagine(c)
			reader := c.Reader()
			if reader.units == nil || &reader.units.list[0] != &c.units.list[0] {
				t.Error("the units are made anew")
			}
			before := memoryOf(c)
			wholeChart(reader)
			imagine(reader)
			after := memoryOf(c)
			for at, was := range before {
				if after[at].sum != was.sum {
					t.Errorf("the reader changed %s", was.path)
				}
			}
			wholeChart(c)
			if reflect.DeepEqual(after, memoryOf(c)) {
				t.Error("the Chart's own work is not seen either")
			}
		})
	}
}

func imagine(c *Chart) { c.Imagine("default", "x", nil) }

// withIPv6 gives every pod an address of the other family.
func withIPv6(s *cluster.Snapshot) {
	for i := range s.Pods {
		if p := &s.Pods[i]; len(p.IPs) == 1 {
			p.IPs = append(p.IPs, netip.AddrFrom16([16]byte{0xfd, 0, 14: byte(i >> 8), 15: byte(i)}))
		}
	}
}

// askALittle makes a Chart work out one set, one row and the groups of nodes.
func askALittle(c *Chart, f family) {
	c.unitsOf()
	c.placesOf()
	for _, seg := range c.rows[ingress].list[f][1].segments {
		c.splitOf(f, seg.set)
		break
	}
	c.hull(c.rows[egress], f, 0)
}

// memory is what lies at an address: by which path it was found first, and a sum
// of its bytes, where a pointer counts as the address it holds.
type memory struct {
	path string
	sum  uint64
}

type memoryAt struct {
	at uintptr
	of reflect.Type
}

type memories struct {
	found map[memoryAt]memory
}

var seed = maphash.MakeSeed()

// memoryOf is everything that a Chart leads to, maps and the unused ends of slices
// included.
func memoryOf(c *Chart) map[memoryAt]memory {
	m := memories{map[memoryAt]memory{}}
	m.follow(reflect.ValueOf(c), "chart")
	return m.found
}

// follow looks at what a pointer, slice or map leads to, once.
func (m *memories) follow(v reflect.Value, path string) {
	if v.IsNil() || v.Kind() == reflect.Slice && v.Cap() == 0 {
		return
	}
	at := memoryAt{v.Pointer(), v.Type()}
	if _, ok := m.found[at]; ok {
		return
	}
	m.found[at] = memory{path: path}
	sum := uint64(0)
	switch v.Kind() {
	case reflect.Pointer:
		sum = m.sum(v.Elem(), path)
	case reflect.Slice:
		whole := v.Slice(0, v.Cap())
		for i := range whole.Len() {
			sum = sum*31 + m.sum(whole.Index(i), path+"[]")
		}
	default:
		for entry := v.MapRange(); entry.Next(); {
			sum += m.sum(entry.Key(), path+"{}")*31 + m.sum(entry.Value(), path+"{}")
		}
	}
	m.found[at] = memory{path, sum}
}

// sum is that of a value itself.
func (m *memories) sum(v reflect.Value, path string) uint64 {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		m.follow(v, path)
		return uint64(v.Pointer())
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return m.sum(v.Elem(), path)
	case reflect.Struct:
		sum := uint64(0)
		for i := range v.NumField() {
			sum = sum*31 + m.sum(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
		return sum
	case reflect.Array:
		sum := uint64(0)
		for i := range v.Len() {
			sum = sum*31 + m.sum(v.Index(i), path)
		}
		return sum
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return uint64(v.Pointer())
	case reflect.String:
		return maphash.String(seed, v.String())
	default:
		return maphash.String(seed, fmt.Sprint(v))
	}
}
