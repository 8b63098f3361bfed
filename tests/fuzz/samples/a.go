// Package shop keeps orders.
package shop

import (
	"errors"
	"fmt"
	m "math"
)

// ErrEmpty says that there is nothing to count.
var ErrEmpty = errors.New("shop: empty") // told to people

const (
	first = iota
	second
	mask = 0xFF &^ 0x0F
)

type number interface {
	~int | ~float64
}

// Order is one line of a book.
type Order struct {
	ID    int    `json:"id"`
	Name  string `json:"name"` // as written
	*meta
}

type meta struct{ seen map[string][]int }

func sum[T number](rows ...T) (total T, err error) {
	if len(rows) == 0 {
		return total, ErrEmpty
	}
	for _, row := range rows {
		total += row
	}
	return
}

func (o *Order) Walk(done <-chan struct{}, out chan<- int) error {
	defer func() { recover() }()
outer:
	for i := 0; i < 10; i++ {
		select {
		case <-done:
			break outer
		case out <- i * -1:
			continue
		default:
		}
		switch x := any(o).(type) {
		case *Order, nil:
			fmt.Println(x, `raw
text`, 'x', "a\"b", 1.5e-3, 2i, m.Pi)
			fallthrough
		case int:
			goto end
		}
	}
end:
	go func(a, b int) { _ = a - -b; a++ }(1, 2)
	/* a block
	   of two lines */
	return nil
}

var table = [][]int{
	{1, 2},
	{3},
}
