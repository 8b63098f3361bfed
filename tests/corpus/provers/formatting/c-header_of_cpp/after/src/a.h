namespace a {
template <class T>
struct b : c<::d<T> > {
};
}
