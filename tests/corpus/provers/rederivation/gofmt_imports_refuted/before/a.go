package a

import (
	"os"
	"fmt"
)
