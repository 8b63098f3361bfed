fn f() {
    quote! {
        // the size of it
        a b
    }
}
