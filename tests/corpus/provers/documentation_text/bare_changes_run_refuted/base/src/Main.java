class Main { /* takes changes of a tree */ }
