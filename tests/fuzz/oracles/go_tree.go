// Reads texts from stdin, each as "<bytes>\n<text>", and prints one line for each: a digest of what
// go/parser makes of it without positions and comments, or "-" where it does not accept it.
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"reflect"
)

var place = reflect.TypeOf(token.NoPos)

func write(out io.Writer, value reflect.Value) {
	switch value.Kind() {
	case reflect.Interface, reflect.Pointer:
		if value.IsNil() {
			fmt.Fprint(out, "nil;")
			return
		}
		switch value.Interface().(type) {
		case *ast.Object, *ast.Scope, *ast.CommentGroup:
			return
		}
		fmt.Fprintf(out, "%s{", value.Type())
		write(out, value.Elem())
		fmt.Fprint(out, "}")
	case reflect.Struct:
		for at := 0; at < value.NumField(); at++ {
			field := value.Type().Field(at)
			if field.Name == "Unresolved" || field.Name == "Imports" || field.Name == "Comments" || !field.IsExported() {
				continue
			}
			fmt.Fprintf(out, "%s:", field.Name)
			if field.Type == place {
				fmt.Fprintf(out, "%v;", value.Field(at).Int() != 0)
				continue
			}
			write(out, value.Field(at))
		}
	case reflect.Slice:
		fmt.Fprintf(out, "[%d:", value.Len())
		for at := 0; at < value.Len(); at++ {
			write(out, value.Index(at))
		}
		fmt.Fprint(out, "]")
	default:
		fmt.Fprintf(out, "%q;", fmt.Sprint(value.Interface()))
	}
}

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		size := 0
		if _, err := fmt.Fscanf(in, "%d\n", &size); err != nil {
			return
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			os.Exit(1)
		}
		file, err := parser.ParseFile(token.NewFileSet(), "a.go", text, parser.SkipObjectResolution)
		if err != nil {
			fmt.Println("-")
			continue
		}
		sum := sha256.New()
		write(sum, reflect.ValueOf(file))
		fmt.Printf("%x\n", sum.Sum(nil))
	}
}
