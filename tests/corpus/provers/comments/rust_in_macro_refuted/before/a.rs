fn f() {
    quote! {
        a b
    }
}
