#ifdef __cplusplus
namespace a { typedef b<::c> d; }
#endif
int a;
